"""Sends everything that Schemathesis sends by way of the transport: the one place where a library is patched.

What may be sent is a promise to the server's owner. The engine, its checks and its probes open `requests` sessions of
their own in several places, and there is no public way to give them one. All sessions end in `HTTPAdapter.send`, so
while the engine runs, the transport stands there. `test_guard.py` fails if a version of either sends otherwise.

What sessions take from the environment does not count, but for a password of `.netrc`: it replaces the `Authorization`
before the transport sees the request, so while the engine runs, the variable that says where that file is says nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from contrato.verify.documents import is_deep
from contrato.verify.transport import Transport

NETRC = "NETRC"


@contextmanager
def guarded(transport: Transport) -> Iterator[None]:
    """While this lasts, every request of this process passes the transport. One run at a time."""
    original = HTTPAdapter.send

    def send(
        adapter: HTTPAdapter,
        request: requests.PreparedRequest,
        stream: Any = None,
        timeout: Any = None,
        **settings: Any,
    ) -> requests.Response:
        exchange, response = transport.forward(request)
        return _emptied(adapter, request, response) if is_deep(exchange.content) else response

    netrc = os.environ.get(NETRC)
    os.environ[NETRC] = os.devnull
    HTTPAdapter.send = send  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        os.environ.pop(NETRC)
        os.environ.update({} if netrc is None else {NETRC: netrc})
        HTTPAdapter.send = original  # type: ignore[method-assign]


def _emptied(adapter: HTTPAdapter, request: requests.PreparedRequest, response: requests.Response) -> requests.Response:
    """The answer without its body: Schemathesis reads every body as JSON, and does not survive one that is too deep."""
    raw = urllib3.HTTPResponse(
        BytesIO(),
        headers=response.raw.headers,
        status=response.status_code,
        reason=response.reason,
        version=response.raw.version,
        preload_content=False,
        enforce_content_length=False,
    )
    return adapter.build_response(request, raw)
