"""`contrato verify`."""

import difflib
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click
from click.core import ParameterSource

from contrato.cli import connecting, overlays
from contrato.cli.document import add
from contrato.cli.errors import Refusal, discard_output, needs
from contrato.core import spec
from contrato.core.connection import Connection, parse_headers
from contrato.core.texts import line

if TYPE_CHECKING:
    from contrato.verify import Report

P = ParamSpec("P")
FILE = click.Path(dir_okay=False, path_type=Path)
PHASES = {
    "discovery": "Looking for data to ask for",
    "laws": "Comparing answers with each other",
    "conformance": "Probing every operation",
    "clean-up": "Removing what the run created",
}
# Seconds between two lines that say how far a run is.
EVERY = 30
# Options left out of the command that repeats a run: files for reports, and the secret.
NOT_REPEATED = {"token", "headers", "proxy", "junit", "html", "save_har", "write_baseline"}

# Options about requests.
SENDING = (
    *connecting.NAMES,
    "token",
    "mode",
    "probes",
    "rate",
    "budget",
    "seed",
    "save_har",
    "values",
    "max_failures",
    "max_time",
)


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of rules, and of operations where they are allowed, that begin so."""
    with needs("verify"):
        from contrato.verify import RULES
    operations = [name for api in spec.APIS for name in spec.api(api).operations if parameter.name != "explain"]
    return [name for name in (*operations, *RULES) if name.startswith(incomplete)]


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make one decorator of those of several options."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


reaching = _options(
    click.option("--token", help="The bearer token. By default NEU_TOKEN or APPORTIONMENTS_TOKEN of the environment."),
    *(click.option(*names, **settings) for names, settings in connecting.options()),
)
"""How a server is reached."""

limiting = _options(
    click.option(
        "--rate",
        type=click.FloatRange(min=0),
        metavar="NUMBER",
        help="Requests per second at most, 0 for no limit.  [default: 5 in own-records, 1 in read-only mode]",
    ),
    click.option(
        "--budget",
        type=click.IntRange(min=0),
        metavar="NUMBER",
        help="Requests at most, 0 for no limit.  [default: 1500 in read-only mode]",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=1, help="The same seed sends the same requests."),
    click.option(
        "--value",
        "values",
        multiple=True,
        metavar="OPERATION.ARGUMENT=VALUE",
        help="A value that the data on the server do not tell; may be repeated.",
    ),
    click.option(
        "--max-time",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Stop after so many seconds, and say what was not judged.  [default: no limit]",
    ),
)
"""The requests that a run sends, and their number."""


@click.command()
@click.argument("api", type=click.Choice(spec.APIS), required=False)
@click.option("--spec", "document", type=FILE, metavar="FILE", help="An OpenAPI document, in place of a known API.")
@click.option("--base-url", metavar="URL", help="Where the API is mounted.")
@click.option("--overlay", type=FILE, metavar="FILE", help=overlays.HELP)
@reaching
@click.option("--har", type=FILE, metavar="FILE", help="Judge this recorded traffic; nothing is sent.")
@click.option(
    "--explain",
    is_flag=False,
    flag_value="",
    metavar="[RULE]",
    shell_complete=_complete,
    help="Explain a rule, or list all; runs nothing.",
)
@click.option(
    "--mode",
    type=click.Choice(["unrestricted", "own-records", "read-only"]),
    help="What may be done to the server.  "
    "[default: unrestricted on a loopback address without a proxy, else read-only]",
)
@click.option(
    "--probes/--no-probes",
    default=None,
    help="Send requests that are wrong on purpose.  [default: yes, except in read-only mode]",
)
@limiting
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete,
    help="Judge this operation or rule alone; may be repeated.",
)
@click.option(
    "--skip",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete,
    help="Skip this operation or rule; may be repeated.",
)
@click.option("--strict", is_flag=True, help="Make warnings failures.")
@click.option(
    "--max-failures",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Stop after so many failures.  [default: no limit]",
)
@click.option("--baseline", type=FILE, metavar="FILE", help="Accept the failures in this TOML file until they expire.")
@click.option(
    "--write-baseline", type=FILE, metavar="FILE", help="Write the failures as a baseline, to add reasons to."
)
@click.option("--html", type=FILE, metavar="FILE", help="Write the report as a page.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write the report as JUnit XML.")
@click.option("--save-har", type=FILE, metavar="FILE", help="Write the traffic of the run as an HTTP Archive.")
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    api: str | None,
    document: Path | None,
    explain: str | None,
    overlay: Path | None,
    **options: Any,
) -> None:
    """Verify that a server, or recorded traffic, keeps the contract of an API.

    Reports contain neither the token nor personal data. What --header, --ca-bundle, --client-cert, --insecure, --proxy
    and --timeout say, variables such as NEU_HEADERS and NEU_CA_BUNDLE say too.

    \b
    Exit status:
      0  everything was checked and holds
      1  the server breaks the contract
      2  wrong usage, no such server, or it refuses the token
      3  nothing failed, but something could not be checked
      4  the suite itself crashed; the report has what was found until then
    """  # noqa: D301
    with needs("verify"):
        import contrato.verify  # noqa: F401
    if explain is not None:
        _explain(explain)
        return
    if document is not None and api is not None:
        raise Refusal("name an API or give --spec FILE, not both")
    if document is not None:
        api = add(document)
    if api is None:
        raise Refusal(f"name an API: {' or '.join(spec.APIS)}, or give --spec FILE")
    overlays.use(overlay, api)
    if options["har"] is None and options["base_url"] is None:
        raise Refusal("give --base-url URL to verify a server, or --har FILE to judge recorded traffic")
    if options["har"] is not None:
        refuse_useless(ctx)
    sys.exit(_judged(api, _again(ctx), **options))


def refuse_useless(ctx: click.Context) -> None:
    """Check that no option about requests was given where nothing is sent.

    Raises:
        Refusal: One was.
    """
    flags = {str(option.name): option.opts[0] for option in ctx.command.params}
    given = [flags[name] for name in SENDING if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise Refusal(f"with --har nothing is sent: leave out {', '.join(given)}")


def _judged(
    api: str,
    again: str,
    *,
    baseline: Path | None,
    write_baseline: Path | None,
    html: Path | None,
    junit: Path | None,
    save_har: Path | None,
    **options: Any,
) -> int:
    """Run, print the summary, and write the reports; returns the exit status."""
    from contrato.verify import ExitCode, UsageError, reports

    _refuse_unwritable([file for file in (write_baseline, html, junit, save_har) if file is not None])
    if write_baseline is not None and write_baseline.exists() and write_baseline != baseline:
        raise Refusal(f"{write_baseline} exists: pass it as --baseline too, and its reasons are kept")
    recorder = reports.har.Recorder()
    try:
        accepted = reports.baseline.read(baseline) if baseline is not None else []
        report = _run(api, recorder if save_har is not None else None, **options)
    except UsageError as error:
        raise Refusal(line(str(error))) from error
    reports.baseline.apply(accepted, report, date.today())
    here = Path()
    writers: list[tuple[Path | None, Callable[[Path], None]]] = [
        (here, lambda file: reports.terminal.write(report)),
        (html, lambda file: reports.html.write(file, report, again)),
        (junit, lambda file: reports.junit.write(file, report)),
        (save_har, lambda file: recorder.write(file, report)),
        (write_baseline, lambda file: reports.baseline.write(file, accepted, report.failures, date.today())),
    ]
    problems = []
    gone: BrokenPipeError | None = None
    for file, write in writers:
        try:
            if file is not None:
                write(file)
        except BrokenPipeError as error:
            gone = error
        except OSError as error:
            what = "standard output" if file is here else file
            if file is here:
                discard_output()
            problems.append(f"cannot write {what}: {error.strerror or error}")
        except Exception as error:
            # The other reports are written all the same.
            report.crash = report.told(reports.report.crash_text(error))
            click.echo(line(report.crash), err=True)
    if problems and report.exit_code is not ExitCode.CRASHED:
        raise Refusal("; ".join(problems))
    if gone is not None:
        raise gone
    return int(report.exit_code)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise Refusal(f"--value {text} is no OPERATION.ARGUMENT=VALUE, such as createApportionment.company_id=10")
    return name, value


def _run(
    api: str, observer: Any, *, har: Path | None, token: str | None, base_url: str | None, **options: Any
) -> "Report":
    from contrato import verify as suite

    if har is not None:
        chosen = {name: options[name] for name in ("only", "skip", "strict")}
        report: Report = suite.verify_har(api, har, base_url, **chosen)
        return report
    assert base_url is not None
    with sending(options) as given:
        return suite.verify(api, base_url, token, observer=observer, **given)


@contextmanager
def sending(options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Turn options of the command into the arguments of a run, and show how far it is.

    Raises:
        UsageError: An option is wrong.
    """
    from contrato.verify import UsageError

    given = {name: options[name] for name in connecting.NAMES}
    try:
        connection = Connection(**{**given, "headers": parse_headers("--header", given["headers"])})
    except ValueError as error:
        raise UsageError(str(error)) from error
    others = {name: value for name, value in options.items() if name not in connecting.NAMES}
    values = dict(map(_assignment, options["values"]))
    with _progress() as (progress, estimate):
        yield {**others, "values": values, "connection": connection, "progress": progress, "estimate": estimate}


@contextmanager
def _progress() -> Iterator[tuple[Callable[[str, int], None], Callable[[int, float], None]]]:
    """Show how far a run is: in place on a terminal, else in a line now and then; and once, how far it will go."""
    if not sys.stderr.isatty():
        lines = _Lines()
        yield (
            _while_heard(lines.show),
            _while_heard(lambda requests, seconds: click.echo(_estimate(requests, seconds), err=True)),
        )
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed} requests"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(PHASES["discovery"], total=None)
        yield (
            _while_heard(
                lambda phase, requests: shown.update(task, description=PHASES.get(phase, phase), completed=requests)
            ),
            _while_heard(lambda requests, seconds: shown.console.print(_estimate(requests, seconds), highlight=False)),
        )


def _while_heard(tell: Callable[P, None]) -> Callable[P, None]:
    """Tell until nobody listens any more: the run goes on, and removes what it created."""
    is_heard = True

    def told(*arguments: P.args, **named: P.kwargs) -> None:
        nonlocal is_heard
        if is_heard:
            try:
                tell(*arguments, **named)
            except OSError:
                is_heard = False

    return told


class _Lines:
    """Tells a log how far a run is."""

    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()
        self._phase = ""

    def show(self, phase: str, requests: int) -> None:
        """Write a line for each phase, and one whenever the last one is `EVERY` seconds old."""
        now = time.monotonic()
        if phase == self._phase and now - self._told < EVERY:
            return
        self._phase, self._told = phase, now
        click.echo(f"{PHASES.get(phase, phase)}: {requests} requests, {_duration(now - self._begun)}", err=True)


def _estimate(requests: int, seconds: float) -> str:
    return f"About {requests} requests to come, in {_duration(seconds)}; --max-time and --budget set a limit"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _refuse_unwritable(files: list[Path]) -> None:
    """Check the files before a run that may take long.

    Raises:
        Refusal: A file cannot be written, or is named twice.
    """
    for file in files:
        if files.count(file) > 1:
            raise Refusal(f"{file} is named twice: give each report a file of its own")
        try:
            there = file.exists()
            with file.open("ab"):
                pass
            if not there:
                file.unlink()
        except OSError as error:
            raise Refusal(f"cannot write {file}: {error.strerror}") from error


def _again(ctx: click.Context) -> str:
    """Return the command that repeats this run."""
    words = ["contrato", "verify", *([ctx.params["api"]] if ctx.params["api"] is not None else [])]
    left_out = {*NOT_REPEATED, *(SENDING if ctx.params["har"] is not None else ())}
    for option in ctx.command.params:
        name, value = str(option.name), ctx.params.get(str(option.name))
        if not isinstance(option, click.Option) or name in left_out:
            continue
        if value is False:
            words += option.secondary_opts
        elif value is not None:
            for each in value if isinstance(value, tuple) else (value,):
                words += [option.opts[0], *([] if each is True else [str(each)])]
    return shlex.join(words)


def _explain(name: str) -> None:
    from contrato.verify import RULES

    if not name:
        for layer, heading in HEADINGS.items():
            click.secho(heading, bold=True)
            for rule in RULES.values():
                if rule.layer == layer:
                    click.echo(f"  {rule.name}\n{_wrapped(rule.sentence, 6)}")
        return
    if name not in RULES:
        similar = difflib.get_close_matches(name, RULES)
        hint = f"did you mean {' or '.join(similar)}?" if similar else "contrato verify --explain lists all"
        raise Refusal(f"no rule {name!r}; {hint}")
    rule = RULES[name]
    click.secho(rule.name, bold=True)
    click.echo(f"{_wrapped(rule.sentence)}\n")
    click.echo(_wrapped(rule.explanation))
    click.echo(f"\n{HEADINGS[rule.layer]}")
    if rule.needs:
        click.echo(_wrapped(f"Of a spec it needs {' and '.join(rule.needs)}; see spec/README.md."))
    if rule.writes:
        click.echo(_wrapped("It creates, changes or deletes records of its own; in read-only mode it is not run."))
    if rule.probes:
        click.echo(_wrapped("It sends requests that are wrong on purpose; with --no-probes it is not run."))


def _wrapped(text: str, indent: int = 0) -> str:
    """Return text in lines that fit the terminal."""
    width = min(shutil.get_terminal_size().columns, 100)
    return click.wrap_text(text, width, " " * indent, " " * indent)


HEADINGS = {
    "conformance": "Conformance: judged by Schemathesis, by the spec alone",
    "check": "Checks: judged on every answer, whoever asked",
    "law": "Laws: judged by requests of their own",
}
