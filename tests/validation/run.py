"""Make the validation table that ships with the library.

``python -m tests.validation.run`` takes about an hour on one core; ``--draws 200`` is a shorter look.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from causalmed.results import Provenance
from tests.validation.everything import EVERYTHING
from tests.validation.evidence import Evidence

TABLE = Path(__file__).resolve().parents[2] / "datasets" / "validation.json"


def row_of(evidence: Evidence, draws: int) -> dict[str, object]:
    """One line of the table."""
    return {
        "estimator": evidence.estimator,
        "answers": evidence.answers,
        "oracle": evidence.oracle,
        "reference": evidence.reference,
        "difference": float(f"{evidence.difference():.3g}"),
        "tolerance": evidence.tolerance,
        "coverage": round(evidence.simulation.coverage(draws), 4),
        "draws": draws,
        "design": evidence.simulation.design,
        "test": evidence.test,
    }


def stored() -> dict[str, dict[str, object]]:
    """Lines by estimator."""
    if not TABLE.exists():
        return {}
    return {row["estimator"]: row for row in json.loads(TABLE.read_text())["rows"]}


def main() -> None:
    """Make what is missing, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=0, help="cohorts of each simulation; 0: as stated there")
    parser.add_argument("--only", nargs="*", default=None, help="estimators to make again")
    options = parser.parse_args()
    rows = stored()
    versions = dict(Provenance.collect(data_fingerprint="", spec="", seed=0).versions)
    made = ", ".join(f"{name} {versions[name]}" for name in ("causalmed", "python", "numpy", "scipy"))
    for evidence in EVERYTHING:
        name = evidence.estimator
        if (name in rows) if options.only is None else (name not in options.only):
            continue
        rows[name] = row_of(evidence, options.draws or evidence.simulation.draws)
        print(name, rows[name]["difference"], rows[name]["coverage"], flush=True)
        kept = [rows[one.estimator] for one in EVERYTHING if one.estimator in rows]
        TABLE.write_text(json.dumps({"made_with": made, "rows": kept}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
