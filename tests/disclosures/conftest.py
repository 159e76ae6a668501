"""A real mail server for notices."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.disclosures.builders import Post


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    server = Post()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server
    server.stop()
