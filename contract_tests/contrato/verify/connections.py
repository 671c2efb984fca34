"""Connections on which an answer has an end: a timeout of `requests` is one of each read, not of all."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Event, Timer
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError, ProxyError


@contextmanager
def limited(connection: HTTPConnection, seconds: float, how: int = socket.SHUT_RDWR) -> Iterator[None]:
    """Shut a connection when this block takes too long, so that whatever is read there ends.

    Args:
        connection: What is read from.
        seconds: Time that the block may take.
        how: Side to shut, as `socket.shutdown` has it.

    Raises:
        TimeoutError: It did.
    """
    late = Event()
    # Kept here, since the connection lets go of it where the server closes it after the answer.
    there = connection.sock

    def shut() -> None:
        late.set()
        with suppress(OSError, AttributeError):
            (there or connection.sock).shutdown(how)

    timer = Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        raise TimeoutError if late.is_set() else error from None
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError  # An answer that was cut may look complete.


class _Response(http.client.HTTPResponse):
    """An answer after those that are in between, such as 103 Early Hints (RFC 9110, 15.2)."""

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _Connection(HTTPConnection):
    """A connection on which a proxy's consent, and the head of an answer, take no longer than one read of them may."""

    response_class = _Response

    def connect(self) -> None:
        try:
            # Python leaks a socket on which TLS begins when it is shut on both sides.
            with limited(self, float(self.timeout or 0), socket.SHUT_RD):
                super().connect()
        except (ssl.SSLError, TimeoutError):
            raise
        except OSError as error:
            # Otherwise a proxy's refusal looks like a connection that was lost after a request was sent.
            failed = NewConnectionError(self, str(error))
            raise (ProxyError("Unable to connect to proxy", failed) if self.proxy else failed) from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with limited(self, float(self.timeout or 0)):
            return super().getresponse()


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}


class Adapter(HTTPAdapter):
    """Sends requests on such connections, also by a proxy."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections to servers."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> ProxyManager:
        """Find or make the pools of connections to a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager
