"""Logs carry ids and codes; what libraries put into their messages is cleaned on its way out."""

import io
import logging

import pytest

from audit.scrub import Scrub


@pytest.fixture
def lines() -> tuple[logging.Logger, io.StringIO]:
    out, logger = io.StringIO(), logging.getLogger("test.scrub")
    handler = logging.StreamHandler(out)
    handler.addFilter(Scrub())
    logger.handlers, logger.propagate = [handler], False
    return logger, out


@pytest.mark.parametrize(
    "message",
    [
        "Key (email)=(anna@people.example) already exists",
        "sent to <anna@people.example>",
        "GET /request/?email=anna@people.example&name=Anna",
        "GET /proof/Zk3_4sdfSDF-sdfsdf/ 200",
        "line one\nforged line: anna@people.example",
    ],
)
def test_addresses_tokens_and_queries_do_not_reach_a_log(lines, message: str) -> None:
    logger, out = lines
    logger.warning("%s", message)
    text = out.getvalue()
    assert "anna" not in text.lower() and "Zk3_4" not in text and text.count("\n") == 1


def test_an_exception_is_logged_by_type_and_place_without_its_words(lines) -> None:
    logger, out = lines
    try:
        raise ValueError("Anna Adler lives in Berlin")
    except ValueError:
        logger.exception("it failed")
    text = out.getvalue()
    assert "ValueError" in text and "test_scrub.py" in text
    assert "Anna" not in text and "Berlin" not in text
