"""Run the grid of simulations and write the table and the page of it.

``python -m tests.coverage.cards`` takes hours for the whole grid. It stores every finished design and goes on
where it stopped; ``--minutes 15`` stops after a quarter of an hour, ``--page`` only writes the page.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import asdict
from pathlib import Path

from causalmed.results import Provenance
from tests.coverage.designs import Design, grid
from tests.coverage.page import page
from tests.coverage.simulate import Card, simulate

TABLE = Path(__file__).with_name("cards.csv")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "coverage.md"
SEED = 1


def stored() -> list[dict[str, str]]:
    """The rows of the table, one a design and estimator."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def row_of(design: Design, card: Card) -> dict[str, str]:
    """One row of the table, numbers with six digits."""
    versions = dict(Provenance.collect(data_fingerprint="", spec="", seed=SEED).versions)
    made = ", ".join(f"{name} {versions[name]}" for name in ("causalmed", "python", "numpy", "scipy"))
    values = {**asdict(design), **asdict(card), "seed": SEED, "made_with": made}
    return {key: f"{value:.6g}" if isinstance(value, float) else str(value) for key, value in values.items()}


def write(rows: list[dict[str, str]]) -> None:
    """Write the table and the page."""
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    PAGE.write_text(page(rows, designs=len(grid())))


def key(row: dict[str, str]) -> tuple[str, ...]:
    """What names a design in the table."""
    return tuple(row[name] for name in asdict(Design()))


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no design after these")
    parser.add_argument("--page", action="store_true", help="only write the page from the stored table")
    options = parser.parse_args()
    rows, start = stored(), time.monotonic()
    done = {key(row) for row in rows}
    for design in () if options.page else grid():
        if time.monotonic() - start > 60 * options.minutes:
            break
        if (
            key({name: f"{v:.6g}" if isinstance(v, float) else str(v) for name, v in asdict(design).items()})
            in done
        ):
            continue
        cards = simulate(design, draws=design.draws, seed=SEED)
        rows += [row_of(design, card) for card in cards]
        write(rows)
        print(f"{design.name}: {time.monotonic() - start:.0f} s", flush=True)
    if rows:
        write(rows)


if __name__ == "__main__":
    main()
