"""The samples of docs/consent-api.md run as they stand, against a real server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit import clients
from consent import rebuilding
from consent.models import Choice
from tests.consent.builders import CLERK, live_purpose

PAGE = Path(__file__).resolve().parents[2] / "docs" / "consent-api.md"


def sample(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)[1]


@pytest.fixture
def run(live_server, tmp_path):
    live_purpose()
    _, key = clients.create("sample", ["consent:read", "consent:write"], actor=CLERK)

    def go(command: list[str], name: str, text: str) -> list[str]:
        file = tmp_path / name
        file.write_text(text)
        env = {"PATH": os.environ["PATH"], "PRIVACY_URL": live_server.url, "PRIVACY_KEY": key}
        done = subprocess.run([*command, str(file)], env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return go


def test_the_python_sample_does_what_the_page_says(run) -> None:
    assert run([sys.executable], "sample.py", sample("python")) == ["True", "given", "1", "withdrawn"]
    assert Choice.objects.count() == 2 and rebuilding.compare().agrees


def test_the_javascript_sample_does_what_the_page_says(run, need) -> None:
    need("Node", shutil.which("node") is not None, "install Node 18 or newer")
    assert run(["node"], "sample.mjs", sample("javascript")) == ["true", "given", "false", "withdrawn"]
