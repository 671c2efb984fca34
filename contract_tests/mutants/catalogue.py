"""Every fault and every legal variant, and the server that has one of them.

python -m mutants.catalogue NAME --port 0
"""

import argparse
import signal
import socket
from collections.abc import Iterable

import uvicorn
from starlette.types import ASGIApp

from contrato import mock
from contrato.core import spec
from mutants import apportionments, neu, openness, variants
from mutants.server import Fault, Variant, changed_app


def catalogue() -> dict[str, Fault | Variant]:
    """Every fault and every variant by its name.

    Raises:
        ValueError: two have the same name.

    """
    found: dict[str, Fault | Variant] = {}
    items: Iterable[Fault | Variant] = (*neu.FAULTS, *apportionments.FAULTS, *openness.FAULTS, *variants.VARIANTS)
    for item in items:
        if item.name in found:
            raise ValueError(f"two are called {item.name}")
        found[item.name] = item
    return found


def create_app(name: str | None = None, seed: int = 1, token: str = "demo") -> ASGIApp:
    """Make the bundled server with one change, or as it is.

    Args:
        name: of a fault or a variant; None for no change.
        seed: of the data.
        token: that clients must send.

    Raises:
        ValueError: there is no such change.

    """
    if name is None:
        return mock.create_app(seed, token)
    item = catalogue().get(name)
    if item is None:
        raise ValueError(f"no fault or variant is called {name}; --list names all")
    return changed_app(item, seed, token)


def serve(app: ASGIApp, name: str, port: int, token: str) -> None:
    """Serve on the loopback address until SIGINT or SIGTERM. Prints one line when it listens."""
    listener = socket.create_server(("127.0.0.1", port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    mounts = ", ".join(f"{api} at {url}{spec.api(api).mount}" for api in spec.APIS)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=3)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"Bundled server, {name}: {mounts}; token {token}; stop with Ctrl-C.", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m mutants.catalogue", description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="?", help="of a fault or a variant; nothing is changed without one")
    parser.add_argument("--list", action="store_true", help="name all faults and variants, and end")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--token", default="demo")
    options = parser.parse_args()
    if options.list:
        for item in catalogue().values():
            where = f"{item.api}, {item.group}" if isinstance(item, Fault) else f"{', '.join(item.apis)}, legal"
            print(f"{item.name} ({where}): {item.sentence}")
        return
    try:
        app = create_app(options.name, options.seed, options.token)
        serve(app, options.name or "unchanged", options.port, options.token)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
