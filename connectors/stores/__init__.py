"""Stores of archived files and backups: what lies there, how old it is, whether it is locked; a copy deleted for good.

A store never decides what to end: it gets what the register says is past its date.
"""

from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.files_spec import address
from connectors.stores.bucket import Bucketed
from connectors.stores.folder import Foldered
from connectors.stores.item import Item, Locked, Rule, Store

__all__ = ("Item", "Locked", "Permanent", "Rule", "Store", "Temporary", "open_store")


def open_store(stored: str) -> Store:
    """The store behind an address: a folder of this machine, or a bucket. Raises Permanent."""
    to = address(f"file://{stored.strip()}" if stored.strip().startswith("/") else stored)
    return Foldered(to.folder) if to.folder else Bucketed(to)
