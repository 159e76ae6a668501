"""Keeps personal data out of logs and error pages.

Log lines of ours carry ids and codes only. Drivers and libraries put values into their messages (`Key (email)=(...)`), so
every record passes `Scrub` on its way out, and an exception is logged by type and place, never by its text.
"""

import logging
import re
import traceback
from collections.abc import ItemsView
from typing import Any

from django.views.debug import SafeExceptionReporterFilter

ADDRESS = re.compile(r"[^\s@<>()\"'=]+@[^\s@<>()\"',]+")
QUERY = re.compile(r"\?[^\s\"']*")
TOKEN = re.compile(r"(/(?:proof|signin|stop|ack|told)/)[A-Za-z0-9_\-]+")


def clean(text: str) -> str:
    """`text` without addresses, query strings, one-time tokens and line breaks."""
    text = ADDRESS.sub("[address]", text)
    text = TOKEN.sub(r"\1[token]", text)
    text = QUERY.sub("?[query]", text)
    return text.replace("\r", "\\r").replace("\n", "\\n")


class Scrub(logging.Filter):
    """Rewrites each record: cleaned message, exceptions as type and place without their text."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-6:]]
            message = f"{message} | {kind.__module__}.{kind.__name__} at {' < '.join(reversed(places))}"
            record.exc_info = None
            record.exc_text = None
        record.msg = clean(message)
        record.args = ()
        return True


class ReporterFilter(SafeExceptionReporterFilter):
    """Error reports without request data or local variables, whatever DEBUG says."""

    def get_post_parameters(self, request: Any) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> ItemsView[str, Any]:
        return {}.items()
