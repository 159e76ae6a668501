"""A page as a browser takes it: its forms and fields, and whether anything in it would run."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

HARMLESS = {"", "http", "https", "mailto"}
NEVER = {"iframe", "object", "embed", "base", "math", "style", "video", "audio", "marquee", "details-x"}
FOREIGN = "evil.example"


@dataclass
class Form:
    """Where it goes, and its fields with what a browser would send; `typed`: those that show what was typed."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """Reads one page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.runs: list[str] = []
        self._form: Form | None = None
        self._area: str | None = None
        self._select: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._judge(tag, given)
        if tag == "form":
            self._form = Form(given.get("action", ""))
            if given.get("method", "").lower() == "post":
                self.forms.append(self._form)
        if self._form is None:
            return
        name = given.get("name", "")
        if tag == "textarea":
            self._area = name
            self._form.values[name] = ""
            self._form.typed.add(name)
        elif tag == "select":
            self._select = name
            self._form.values.setdefault(name, "")
        elif tag == "option" and self._select and (not self._form.values[self._select] or "selected" in given):
            self._form.values[self._select] = given.get("value", "")
        elif tag == "input" and name:
            self._input(name, given)

    def _input(self, name: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "text")
        if kind in ("radio", "checkbox"):
            if "checked" in given or name not in self._form.values:
                self._form.values[name] = given.get("value", "on")
            return
        self._form.values[name] = given.get("value", "")
        if kind not in ("hidden", "password", "file") and name != "website":
            self._form.typed.add(name)

    def _judge(self, tag: str, given: dict[str, str]) -> None:
        data = given.get("type") == "application/json"  # which no browser runs
        if tag == "script" and not data and not given.get("src", "").startswith("/static/"):
            self.runs.append(f"a script: {given}")
        if tag in NEVER or (tag == "meta" and "http-equiv" in given):
            self.runs.append(f"<{tag}>")
        self.runs += [f"{tag} {name}" for name in given if name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            where = given.get(name, "")
            try:
                parts = urlsplit(where)
            except ValueError:
                parts = urlsplit("bad:")
            if parts.scheme not in HARMLESS or (FOREIGN in parts.netloc):
                self.runs.append(f"{tag} {name}={where[:60]!r}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._form is not None and self._area is not None:
            # A browser drops the first line break, and ours writes one.
            self._form.values[self._area] = self._form.values[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.values[self._area] += data

    def shown(self, name: str) -> str | None:
        """What a field of the page shows as typed."""
        return next((form.values[name] for form in self.forms if name in form.typed), None)
