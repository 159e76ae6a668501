"""The small shop on SQLite, for doors of the roof that work on a company's data."""

from tests.connectors.conftest import shop

__all__ = ("shop",)
