"""The command line: demo, init, check, run, verify, key, sign, compare, card.

Each command is a few lines over the public functions; what can go wrong is told in the words of
:mod:`causalmed.errors`, with exit code 2 for a refused input and 1 for a report that has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from causalmed.errors import CausalmedError, DataError

__all__ = ["app", "main"]

app = typer.Typer(
    help="What causes postoperative infection: from a table and a graph to a report a committee can read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Step: TypeAlias = Callable[[str, int, int], None]
ProtocolFile = Annotated[Path, typer.Argument(help="The protocol, a TOML file (see: causalmed init).")]
Threads = Annotated[int, typer.Option("--n-jobs", "-j", help="Threads; they never change a number.", min=1)]


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the protocol and the report.")] = Path(
        "demo"
    ),
    n_jobs: Threads = 2,
) -> None:
    """Run the main job on the shipped synthetic cohort."""
    from causalmed.reporting import protocol_template

    protocol = out / "protocol.toml"
    with _refusals():
        out.mkdir(parents=True, exist_ok=True)
        protocol.write_text(protocol_template(), encoding="utf-8")
    _run(protocol, out / "report.html", n_jobs)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write the protocol.")] = Path("protocol.toml"),
) -> None:
    """Write a commented protocol to fill in."""
    from causalmed.reporting import protocol_template

    with _refusals():
        if path.exists():
            raise DataError(
                f"{str(path)!r} exists; causalmed does not overwrite a protocol. Name another file."
            )
        path.write_text(protocol_template(), encoding="utf-8")
    typer.echo(f"Wrote {path}. Fill it in, then: causalmed check {path}")


@app.command()
def check(protocol: ProtocolFile) -> None:
    """Check data, graph, identification and overlap; estimate nothing."""
    from causalmed.reporting import Protocol, check_protocol
    from causalmed.results import State

    with _refusals(), _progress() as step:
        gate = check_protocol(Protocol.load(protocol), progress=step)
    typer.echo(gate.summary())
    if gate.state is State.FAIL:
        raise typer.Exit(2)


@app.command()
def run(
    protocol: ProtocolFile,
    out: Annotated[
        Path, typer.Option("--out", help="The page to write; the JSON file goes beside it.")
    ] = Path("report.html"),
    n_jobs: Threads = 2,
) -> None:
    """Run a protocol and write its report."""
    _run(protocol, out, n_jobs)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="The JSON file of a report.")],
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="Also compare the protocol and the table it names.")
    ] = None,
) -> None:
    """Recompute the hashes of a report and say what changed."""
    from causalmed.reporting import verify_report

    with _refusals():
        found = verify_report(report, protocol=protocol)
    typer.echo(found.summary())
    if not found.intact:
        raise typer.Exit(1)


@app.command()
def key(
    path: Annotated[Path, typer.Argument(help="Where to write the key (PEM). Keep it to yourself.")],
    lock: Annotated[bool, typer.Option("--lock/--no-lock", help="Ask for a password.")] = True,
) -> None:
    """Make a key to sign reports with."""
    from causalmed.reporting import make_key

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if lock else None
    with _refusals():
        mark = make_key(path, password=password)
    typer.echo(f"Wrote {path}. Tell those who read your signature that your key is {mark}.")


@app.command()
def sign(
    report: Annotated[Path, typer.Argument(help="The JSON file of a report.")],
    name: Annotated[str, typer.Option(help="Who signs.")],
    role: Annotated[str, typer.Option(help="As what.")],
    key: Annotated[Path, typer.Option(help="The key (see: causalmed key).")],
    dissent: Annotated[str, typer.Option(help="Sign with this reason for dissent.")] = "",
    lock: Annotated[bool, typer.Option("--lock/--no-lock", help="The key has a password.")] = True,
) -> None:
    """Put a name under a report; the report itself stays as it is."""
    from causalmed.reporting import sign_report

    password = typer.prompt("Password", hide_input=True) if lock else None
    opinion = "dissent" if dissent else "agree"
    with _refusals():
        target = sign_report(
            report, name=name, role=role, key=key, opinion=opinion, text=dissent, password=password
        )
    typer.echo(f"Signed. The signatures stand in {target}.")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The JSON file of the earlier report.")],
    now: Annotated[Path, typer.Argument(help="The JSON file of the later report.")],
) -> None:
    """Say what changed between two reports under one protocol."""
    from causalmed.monitoring import compare_reports
    from causalmed.reporting import read_report

    with _refusals():
        typer.echo(compare_reports(read_report(before), read_report(now)).summary())


@app.command()
def card(
    report: Annotated[Path, typer.Argument(help="The JSON file of a report with a risk model.")],
    out: Annotated[Path, typer.Option("--out", help="The XML file to write.")] = Path("model-card.xml"),
) -> None:
    """Write the risk model of a report as a CHAI model card (XML)."""
    from causalmed.reporting import model_card, read_report

    with _refusals():
        out.write_text(model_card(read_report(report)), encoding="utf-8")
    typer.echo(f"Wrote {out}.")


def main() -> None:
    """Entry point of the ``causalmed`` command."""
    app()


def _run(protocol: Path, out: Path, n_jobs: int) -> None:
    from causalmed.reporting import Protocol
    from causalmed.reporting import run as run_protocol

    with _refusals():
        with _progress() as step:
            dossier = run_protocol(Protocol.load(protocol), n_jobs=n_jobs, progress=step)
            step("writing the report", 0, 1)
            written = dossier.write(out)
        typer.echo(dossier.summary())
        typer.echo("")
        for path in written:
            typer.echo(f"{path.resolve()}")


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a refusal in its own words, without a traceback."""
    try:
        yield
    except CausalmedError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from error


@contextmanager
def _progress() -> Iterator[Step]:
    """Show a bar on a terminal; stay silent where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", justify="left"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading the protocol", total=None)

        def step(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield step
