"""The staff doors to requests: the queue (`queue`), the case page (`case`) and what its sections show (`sections`)."""

from requests_app.admin import queue

__all__ = ("queue",)
