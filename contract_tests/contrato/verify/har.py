"""Reads a recording of traffic (HAR)."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contrato.core.spec import Api
from contrato.verify.documents import MISSING, loaded
from contrato.verify.reports.report import UsageError


@dataclass(frozen=True)
class Entry:
    """One request of the recording.

    Attributes:
        content: Body of the answer; None when it was not recorded.
        token: The bearer token of the request; empty when it had none, or the recording has none.
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    headers: dict[str, str]
    content: bytes | None
    token: str
    started: datetime
    seconds: float

    def below(self, base: str) -> str | None:
        """The path below a base URL; None when the request went elsewhere."""
        url = normal(self.url)
        return url[len(base) :] or "/" if url.startswith(f"{base}/") else None


# The file


def read_entries(path: Path) -> Iterator[Entry]:
    """Read the requests of a HAR file.

    Raises:
        UsageError: The file cannot be read, or is no HAR.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a HAR file: not JSON ({error})") from error
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise UsageError(f"{path} is not a HAR file: it has no log.entries; export it from a browser or a proxy as HAR")
    for number, entry in enumerate(entries):
        try:
            yield _entry(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} is not a HAR file: log.entries[{number}] is broken ({error!r})") from error


def _entry(entry: Mapping[str, Any]) -> Entry:
    request, response = entry["request"], entry.get("response") or {}
    sent, headers = _headers(request.get("headers")), _headers(response.get("headers"))
    content = response.get("content") or {}
    kind = content.get("mimeType")
    if "content-type" not in headers and isinstance(kind, str) and kind not in ("", "x-unknown"):
        headers["content-type"] = kind
    posted = request.get("postData") or {}
    if posted.get("mimeType"):
        sent.setdefault("content-type", str(posted["mimeType"]))
    started = str(entry.get("startedDateTime", ""))
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    scheme, _, token = sent.get("authorization", "").partition(" ")
    return Entry(
        method=str(request["method"]).upper(),
        url=str(request["url"]),
        request_headers=sent,
        request_body=_bytes(posted) or b"",
        status=int(response.get("status") or 0),
        headers=headers,
        content=_body(content, headers, int(response.get("status") or 0)),
        token=token.strip() if scheme.lower() == "bearer" else "",
        started=moment.astimezone(UTC),
        seconds=max(0.0, float(entry.get("time") or 0) / 1000),
    )


def _headers(listed: Any) -> dict[str, str]:
    """Headers by lower-case name, without those that HTTP/2 only has inside."""
    found: dict[str, list[str]] = defaultdict(list)
    for header in listed or []:
        name = str(header["name"]).lower()
        if not name.startswith(":"):
            found[name].append(str(header.get("value", "")))
    return {name: ", ".join(values) for name, values in found.items()}


def _bytes(content: Mapping[str, Any]) -> bytes | None:
    text = content.get("text")
    if text is None:
        return None
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text)
        except binascii.Error:
            return None
    return str(text).encode("utf-8", "surrogatepass")


def _body(content: Mapping[str, Any], headers: Mapping[str, str], status: int) -> bytes | None:
    """The body of an answer, decompressed; None when the recording does not have all of it."""
    body = _bytes(content)
    if body is None or body == b"":
        empty = (
            status in (204, 304) or headers.get("content-length") == "0" or (body == b"" and content.get("size") == 0)
        )
        return b"" if empty else None
    if loaded(body) is not MISSING:
        return body
    # Proxies may export what went over the wire.
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(body)
        except (OSError, EOFError, zlib.error):
            continue
    size = content.get("size")
    # An exporter may cut off what the server answered.
    cut = isinstance(size, int) and len(body) < size
    return None if cut or (headers.get("content-encoding") in ("br", "zstd") and not _is_text(body)) else body


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


# Where the API is


def normal(url: str) -> str:
    """Scheme, host and path; the port only where it is not the scheme's own."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    if port is not None and port != {"http": 80, "https": 443}.get(parts.scheme):
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def infer_base(spec: Api, entries: list[Entry], api: str, path: str | Path) -> str:
    """The base URL below which most operations of the spec were asked."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        url = normal(entry.url)
        origin = re.match(r"https?://[^/]*", url)
        for slash in re.finditer("/", url[origin.end() :]) if origin else ():
            at = origin.end() + slash.start() if origin else 0
            for operation in spec.operations.values():
                if operation.method == entry.method and operation.match(url[at:]) is not None:
                    asked[url[:at]][operation.id] += 1
    ranked = sorted(asked, key=lambda base: (len(asked[base]), asked[base].total()), reverse=True)
    if not ranked:
        raise UsageError(f"{path} has no request to the {api} API: give --base-url if it is mounted in an unusual way")
    first, *others = ranked
    for other in others:
        if (len(asked[other]), asked[other].total()) == (len(asked[first]), asked[first].total()):
            raise UsageError(f"{path} has requests to {first} and to {other}: choose with --base-url")
    return first
