"""`contrato learn`."""

import sys
from pathlib import Path
from typing import Any

import click

from contrato.cli import overlays
from contrato.cli.errors import Refusal, needs
from contrato.cli.verify import limiting, reaching, refuse_useless, sending
from contrato.core import overlay, spec
from contrato.core.texts import line

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("api", type=click.Choice(spec.APIS))
@click.option(
    "--har", "files", type=FILE, multiple=True, metavar="FILE", help="A recording; may be repeated. Nothing is sent."
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Without --har, the server to ask; it is only read from. With --har, where the API is mounted in the "
    "recording, by default found out.",
)
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="OPERATION='METHOD /PATH'",
    help="Decide which route is an operation, such as listBills='GET /api/v2/facturas'; {} stands for an identifier.",
)
@reaching
@limiting
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write the proposal, an OpenAPI Overlay.")
@click.option("--html", type=FILE, metavar="FILE", help="Write the report as a page.")
@click.option("--json", "json_", type=FILE, metavar="FILE", help="Write the report as JSON.")
@click.option(
    "--since",
    type=FILE,
    metavar="FILE",
    help="The overlay of last time: print what is other now and fail, or be silent.",
)
@click.pass_context
def learn(
    ctx: click.Context,
    /,
    api: str,
    files: tuple[Path, ...],
    mapped: tuple[str, ...],
    base_url: str | None,
    output: Path | None,
    html: Path | None,
    json_: Path | None,
    since: Path | None,
    token: str | None,
    **options: Any,
) -> None:
    """Learn from recorded traffic where the operations of an API are, and what its answers are like.

    Recordings are HAR files of a browser, a proxy, or contrato verify --save-har. Operations are found by what answers
    have and requests carry, whatever their paths, methods and names of arguments are. Neither reports nor proposal have
    personal data, tokens, hosts or identifiers; they have the words of the paths.

    Without a recording, the server at --base-url is asked, where the spec, or the overlay of last time, has its
    operations. Nothing is written to it: operations that write are not learnt.

    \b
    Exit status:
      0  every operation is matched; with --since, nothing is other than last time
      1  with --since, something is other than last time
      2  wrong usage, or nothing of this API was recorded; no file is written
      3  some operations are ambiguous, or were not recorded
      4  contrato itself failed; please report it
    """  # noqa: D301
    with needs("verify"):
        from contrato import learn as learning
    if since is not None and output is not None:
        raise Refusal("--since tells what is other than last time: leave out -o, or --since to write the overlay anew")
    try:
        before = overlay.load(since) if since is not None else None
        sources: list[Path | bytes] = [*files]
        if files:
            refuse_useless(ctx)
        elif base_url is None:
            raise Refusal("give --har FILE to learn from a recording, or --base-url URL to ask a server")
        else:
            overlays.use(since, api)
            with sending(options) as given:
                recording, report = learning.record(api, base_url, token, **given)
            sources.append(recording)
            if report.crash or report.interrupted:
                click.echo(line(report.crash or "the run was stopped before its end"), err=True)
        found = learning.learn(api, sources, mapped=dict(map(_decision, mapped)), base_url=base_url, since=before)
    except (ValueError, learning.UsageError) as error:
        raise Refusal(line(str(error))) from error
    if found.changes is not None and before is not None and not files:
        found.changes += learning.lost(found, before)
    if found.exit_code is learning.ExitCode.NOTHING:
        raise Refusal(
            f"nothing of {api} was recognized in {found.traffic.entries} entries: record answers with data, as JSON"
        )
    for text in found.changes if found.changes is not None else learning.reports.lines(found):
        click.echo(text)
    writers: list[tuple[Path | None, Any]] = [
        (html, learning.reports.write_html),
        (json_, learning.reports.write_json),
        (output if found.overlay is not None else None, learning.reports.write_overlay),
    ]
    for file, write in writers:
        try:
            if file is not None:
                write(file, found)
        except OSError as error:
            raise Refusal(f"cannot write {file}: {error.strerror or error}") from error
    stopped = not files and report.interrupted and found.exit_code is learning.ExitCode.MATCHED
    sys.exit(int(learning.ExitCode.PARTLY if stopped else found.exit_code))


def _decision(text: str) -> tuple[str, str]:
    name, equals, route = text.partition("=")
    if not equals or len(route.split()) != 2:
        raise Refusal(f"--map {text} is no OPERATION='METHOD /path', such as listBills='GET /api/v2/facturas'")
    return name, route
