"""The bundled server: every API over invented data, for trying clients and the contract suite."""

from contrato.mock.app import ListenError, create_app, serve

__all__ = ["ListenError", "create_app", "serve"]
