"""The company's site, a tracker that counts who called it, and browsers that visit; beside the portal, each on an origin of its
own.
"""

import os
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.db import OperationalError

from consent.models import Choice, Site
from tests.house.tree import ROOT

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Chromium's own implementation of the signal: header, and navigator.globalPrivacyControl.
GPC = "--enable-features=GlobalPrivacyControlForce"
PAGE = (ROOT / "docs" / "samples" / "banner-page.html").read_text()
STYLE = """body{font-family:sans-serif;margin:2rem}
@media(prefers-color-scheme:dark){html{color-scheme:dark;background:#111;color:#eee}a{color:#9cf}}"""
SCRIPT = """
document.cookie = "sid=1"; document.cookie = "_ga_AB12CD34EF=2"; document.cookie = "mystery=3";
document.getElementById("choices").addEventListener("click", () => window.privacyChoices.open());
"""


class Server:
    """A little web server of a test: what it serves, and what it was asked for."""

    def __init__(self, files: dict[str, tuple[str, str]], policy: str = "") -> None:
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                kind, text = files.get(self.path.partition("?")[0], ("text/plain", ""))
                self.send_response(200)
                self.send_header("Content-Type", kind)
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Shop:
    """The company's site, the tracker, and a browser that visits."""

    def __init__(self, portal: str, tracker: Server, browser) -> None:
        self.portal, self.tracker, self.browser, self.servers = portal, tracker, browser, []

    def at(self, region: str, language: str = "en", more: str = "") -> str:
        text = PAGE.replace("PORTAL", self.portal).replace("TRACKER", self.tracker.url).replace("SITE", "shop")
        text = (
            text.replace("REGION", region)
            .replace('<html lang="en"', f'<html lang="{language}"')
            .replace("</main>", more + "</main>")
        )
        # As strict as a careful company's: no inline, no eval, the portal alone beside itself and its tracker.
        policy = (
            f"default-src 'none'; script-src 'self' {self.portal} {self.tracker.url}; connect-src {self.portal};"
            f" style-src 'self'; img-src {self.tracker.url}; base-uri 'none'"
        )
        files = {"/": ("text/html", text), "/page.css": ("text/css", STYLE), "/page.js": ("text/javascript", SCRIPT)}
        server = Server(files, policy)
        self.servers.append(server)
        Site.objects.update(origins="\n".join(one.url for one in self.servers))
        return server.url

    def visit(self, url: str, **options):
        """A new visitor on the page; what went wrong in the browser is kept."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        page = context.new_page()
        page.trouble = []
        page.on("pageerror", lambda one: page.trouble.append(str(one)))
        page.on("console", lambda one: page.trouble.append(one.text) if one.type == "error" else None)
        page.goto(url)
        page.locator("privacy-banner").wait_for(state="attached")
        return page


def launch(engine, *more: str):
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is missing; to run this test: apt-get install chromium")
    return engine.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *more])


def soon(found, seconds: float = 5.0):
    """What `found` gives once it gives something."""
    end, said = time.monotonic() + seconds, None
    while not said and time.monotonic() < end:
        with suppress(OperationalError):  # SQLite in memory: the server writes just now
            said = found()
        time.sleep(0.05)
    return said


def chose() -> dict[str, bool]:
    return {one.purpose.key: one.granted for one in Choice.objects.select_related("purpose").order_by("recorded_at")}


def picture(page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/banner-{name}.png")


def quiet(page) -> None:
    """Time for whatever would run on its own to have run."""
    page.wait_for_timeout(700)
