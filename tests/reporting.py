"""Exchanges, failures and reports, and how a report is written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console

from contrato.core import spec
from contrato.core.places import place
from contrato.verify import Mode, Report, Verdict
from contrato.verify.exchange import Exchange
from contrato.verify.hiding import TOKEN as HIDDEN
from contrato.verify.hiding import Scrubber
from contrato.verify.reports import html, terminal
from contrato.verify.reports.report import Failure, OperationResult
from foreign import keyed

NEU = spec.api("neu")
SECRET = "s3cret-T0ken-of-a-customer"
NAMES = ["Doña Inés O'Neill & Hijos", 'Taller "El Ñandú"', "Łukasz\tQuiñones"]


def exchange(
    operation: str | None = "listAccounts",
    answer: Any = (),
    *,
    status: int = 200,
    sender: str = "discovery",
    request: Any = None,
    url: str = "",
    headers: dict[str, str] | None = None,
) -> Exchange:
    of = NEU.operations[operation] if operation else None
    required = {f.name: 1 for f in of.parameters if f.place == "path"} if of else {}
    parts = place(of, keyed(of, required | (request or {}))) if of else None
    path = parts.path if parts else "/nowhere"
    query = f"?{urlencode(parts.query)}" if parts and parts.query else ""
    content = parts.body if parts else request
    return Exchange(
        operation=of,
        sender=sender,
        method=of.method if of else "GET",
        url=url or f"http://127.0.0.1{path}{query}",
        path=path,
        request_headers={
            "authorization": f"Bearer {HIDDEN}",
            **({} if content is None else {"content-type": "application/json"}),
            **({name.lower(): text for name, text in parts.headers.items()} if parts else {}),
        },
        request_body=b"" if content is None else json.dumps(content).encode(),
        status=status,
        headers={"content-type": "application/json", **(headers or {})},
        content=answer if isinstance(answer, bytes) else json.dumps(answer).encode(),
        started=datetime(2026, 11, 22, tzinfo=UTC),
        seconds=0.1,
    )


def accounts(*names: Any) -> list[dict[str, Any]]:
    return [{"id_account": 7000 + number, "account_name": name, "services": []} for number, name in enumerate(names)]


def failure(**changes: Any) -> Failure:
    given = Failure(
        "listAccounts",
        "response_schema_conformance",
        "/*/account_name",
        'type "string"',
        "0",
        "documented neu#L11",
        exchanges=(exchange(answer=accounts("Inés")),),
    )
    return replace(given, **changes)


def report(*failures: Failure, **changes: Any) -> Report:
    made = Report(
        "neu",
        "http://127.0.0.1:8000/neu",
        Mode.READ_ONLY,
        1,
        operations=[
            OperationResult("listAccounts", 3, 2, Verdict.FAILED if failures else Verdict.PASSED),
            OperationResult("listBills", 1, 1, Verdict.PASSED),
        ],
        scrubber=Scrubber(NEU, SECRET),
    )
    for each in failures:
        made.add(each)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def text_of(made: Report, width: int = 80) -> str:
    out = io.StringIO()
    terminal.write(made, Console(file=out, width=width))
    return out.getvalue()


def page_of(made: Report, folder: Path) -> str:
    html.write(folder / "report.html", made, "contrato verify neu")
    return (folder / "report.html").read_text("utf-8")


# Scrubbing
