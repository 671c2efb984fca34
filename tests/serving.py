"""A server of any app in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def serving(app: Any, **settings: Any) -> Iterator[uvicorn.Server]:
    """Serve an app on a free port of loopback, with settings of uvicorn; see `url_of`.

    uvicorn opens the port: in a socket of `socket.create_server` Nagle would stay on, 40 ms for every small answer.
    """
    quiet: dict[str, Any] = {"log_level": "critical", "access_log": False, "proxy_headers": False}
    # No connection is closed in the moment in which it is used again, on a machine that is busy for seconds.
    patient = {"timeout_keep_alive": 60}
    config = uvicorn.Config(app, port=0, lifespan="off", ws="none", **{**quiet, **patient, **settings})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
    yield server
    server.should_exit = True
    thread.join()


def url_of(server: uvicorn.Server) -> str:
    """Address of a server, without a path."""
    scheme = "https" if server.config.is_ssl else "http"
    return f"{scheme}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
