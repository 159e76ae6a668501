"""One file a kind of system. A kind registers itself (`base.register`) and passes the contract test."""

from connectors.kinds import sql

__all__ = ("sql",)
