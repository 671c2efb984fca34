"""Reads a recording of traffic (HAR)."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from contrato.core.connection import secrets
from contrato.core.spec import Api
from contrato.verify.documents import MISSING, loaded
from contrato.verify.findings import Answers
from contrato.verify.hiding import SECRET_NAMES, without_data
from contrato.verify.reports.har import CREATOR
from contrato.verify.reports.report import UsageError
from contrato.verify.transport import MAX_BYTES

OURS = re.compile(r"\[(?:altered )?[A-Za-z][\w-]*(?: \d+)?\]")
"""Texts that `reports` puts in the place of secrets and personal data."""

REDACTED = re.compile(rf"{OURS.pattern}|_harmored_|\*{{3,}}|\b(?:redacted|removed)\b|x{{6,}}", re.IGNORECASE)
"""Texts that tools put there."""

NO_BODY = "has no body in the recording"

DAMAGED = "was no text, and is damaged in the recording"


UNPACKED = 2**28
"""Bytes that compressed answers of one recording may have together, unpacked: they are kept until all are judged."""

TOO_MUCH = f"is compressed, and beyond the {UNPACKED // 2**20} MiB that are unpacked of a recording"


@dataclass
class _Room:
    """The bytes that may still be unpacked of a recording."""

    left: int = field(default_factory=lambda: UNPACKED)


@dataclass(frozen=True)
class Entry:
    """One request of the recording, of which only method and URL were read yet."""

    method: str
    url: str
    _node: Mapping[str, Any] = field(repr=False)
    _room: _Room = field(repr=False)

    def below(self, base: str) -> str | None:
        """The path below a base URL; None when the request went elsewhere."""
        url = normal(self.url)
        return url[len(base) :] if url.startswith(f"{base}/") else None

    @property
    def token(self) -> str:
        """The bearer token of the request; empty when it had none, or the recording has none."""
        scheme, _, token = self._sent.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and not REDACTED.search(token) else ""

    @property
    def secrets(self) -> frozenset[str]:
        """Other credentials of the request, and their parts: keys, cookies, passwords."""
        return secrets(
            {
                name: value
                for name, value in self._sent.items()
                if SECRET_NAMES.search(name)
                and not REDACTED.search(value)
                and not (name == "authorization" and self.token)
            }
        )

    @cached_property
    def _sent(self) -> dict[str, str]:
        try:
            return _headers(self._node["request"].get("headers"))
        except (AttributeError, KeyError, TypeError):
            return {}

    def read(self) -> Recorded:
        """Read the rest.

        Raises:
            AttributeError, LookupError, TypeError, ValueError, OverflowError: It is not as HAR has it.
        """
        return _recorded(self._node, self._room)


@dataclass(frozen=True)
class Recorded:
    """The parts of a request and its answer that a recording has.

    Attributes:
        content: Body of the answer; None when the recording does not have what the server sent.
        lost: Why not, for a person.
    """

    request_headers: dict[str, str]
    request_body: bytes
    status: int
    headers: dict[str, str]
    content: bytes | None
    lost: str
    started: datetime
    seconds: float


# The file


class _Creator(msgspec.Struct):
    name: str = ""
    comment: str = ""


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _Origin(msgspec.Struct):
    creator: _Creator


class _Readings(msgspec.Struct):
    readings: Answers


class _File(msgspec.Struct):
    log: _Log


class _Made(msgspec.Struct):
    log: _Origin


_FILE = msgspec.json.Decoder(_File)


def read_readings(source: Path | bytes) -> Answers:
    """Read what a recording of a run of ours says about open questions; nothing if it is another recording."""
    try:
        creator = msgspec.json.decode(_content(source), type=_Made).log.creator
        return msgspec.json.decode(creator.comment, type=_Readings).readings if creator.name == CREATOR else {}
    except ValueError:
        return {}


def _content(source: Path | bytes) -> bytes:
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {source!s}: {error.strerror}") from error
    return content.removeprefix(b"\xef\xbb\xbf")


def read_entries(source: Path | bytes) -> Iterator[Entry]:
    """Read the requests of a HAR file, or of its content; those that have neither method nor URL are left out.

    Raises:
        UsageError: The file cannot be read, or is no HAR.
    """
    content = _content(source)
    path = "the recording" if isinstance(source, bytes) else source
    try:
        # An entry at a time: all at once would take several times the size of the file.
        raw: Any = {"log": {"entries": map(_node, _FILE.decode(content).log.entries)}}
    except (RecursionError, ValueError):
        raw = None  # msgspec is stricter than most programs that write such files.
    try:
        document = raw or json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a HAR file: not JSON ({error})") from error
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list | map):
        raise UsageError(f"{path} is not a HAR file: it has no log.entries; export it from a browser or a proxy as HAR")
    room = _Room()
    for entry in entries:
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(request, dict) and isinstance(request.get("url"), str) and _is_url(request["url"]):
            yield Entry(str(request.get("method", "")).upper(), _unicode(request["url"]), entry, room)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(_unicode(text)))
    except ValueError:
        return False


def _node(raw: msgspec.Raw) -> Any:
    """One entry; None if it is no JSON."""
    try:
        return msgspec.json.decode(raw)
    except ValueError:
        pass
    try:
        return json.loads(bytes(raw))
    except (ValueError, RecursionError):
        return None


def _recorded(entry: Mapping[str, Any], room: _Room) -> Recorded:
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
        moment = datetime.fromisoformat(started).astimezone(UTC)
    except (OverflowError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    status = int(response.get("status") or 0)
    if status > 999:
        raise ValueError(f"no status: {status}")
    body, lost = _body(content, headers, status, room)
    return Recorded(
        request_headers=sent,
        request_body=_bytes(posted)[0] or b"",
        status=status,
        headers=headers,
        content=body,
        lost=lost,
        started=moment,
        seconds=max(0.0, float(entry.get("time") or 0) / 1000),
    )


def _headers(listed: Any) -> dict[str, str]:
    """Headers by lower-case name, without those that HTTP/2 only has inside."""
    found: dict[str, list[str]] = defaultdict(list)
    for header in listed or []:
        name, value = str(header["name"]).lower(), header.get("value")
        if not name.startswith(":") and isinstance(value, str):
            found[name].append(_unicode(value))
    return {name: ", ".join(values) for name, values in found.items()}


def _bytes(content: Mapping[str, Any]) -> tuple[bytes | None, str]:
    """The bytes of a body, or why the recording does not have them."""
    text = content.get("text")
    if text is None:
        return None, NO_BODY
    if not isinstance(text, str):
        return None, "was parsed by the recording, which does not have its text"
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode("".join(text.split()), validate=True), ""
        except ValueError:
            return None, "is not the Base64 that the recording says it is"
    try:
        return text.encode(), ""
    except UnicodeEncodeError:
        return None, DAMAGED


def _body(content: Mapping[str, Any], headers: Mapping[str, str], status: int, room: _Room) -> tuple[bytes | None, str]:
    """The body of an answer, decompressed, or why the recording does not have all of it."""
    body, lost = _bytes(content)
    if body is None and lost != NO_BODY:
        return None, lost
    if not body:
        empty = (
            status in (204, 304) or headers.get("content-length") == "0" or (body == b"" and content.get("size") == 0)
        )
        return (b"", "") if empty else (None, NO_BODY)
    if loaded(body) is not MISSING:
        return body, ""
    # Proxies may export what went over the wire.
    try:
        # Either form of gzip or zlib, and no more than a server may answer: a little can become a gibibyte.
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        unpacked = unpacker.decompress(body, min(MAX_BYTES, room.left + 1))
        if len(unpacked) > room.left:
            return None, TOO_MUCH
        room.left -= len(unpacked)
        return (unpacked, "") if unpacker.eof else (None, DAMAGED)
    except zlib.error:
        pass
    size = content.get("size")
    # An exporter cut the text off, not the server.
    if isinstance(size, int) and len(body) < size:
        return None, NO_BODY
    text = body.decode("utf-8", "replace")
    if "\ufffd" in text or any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        return None, DAMAGED
    return body, ""


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


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
    return f"{parts.scheme}://{host}{parts.path}"


def infer_base(spec: Api, entries: list[Entry], api: str, path: str | Path) -> str:
    """The base URL below which most operations of the spec were asked."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        url = normal(entry.url).rstrip("/")
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
            two = f"{without_data(first)} and to {without_data(other)}"
            raise UsageError(f"{path} has requests to {two}: choose with --base-url")
    return first
