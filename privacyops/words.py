"""The words of the public side: which ones there are, and the catalogues that hold them in other languages.

Found in the source: what templates and Python mark for translation. Found in the data: what statute files and tables say to
people. No tool outside Python is needed; a catalogue is a plain gettext file that any editor of such files opens.
"""

import ast
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from privacyops import wordlists

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "requests_app" / "locale"
TEMPLATES = (
    "base.html", "embed.html", "portal", "errors", "disclosures", "consent", "notices", "package", "mailbox",
)  # fmt: skip
PACKAGES = ("subjects", "consent", "disclosures", "connectors", "retention", "requests_app", "privacyops")
CALLS = {
    "gettext", "gettext_lazy", "gettext_noop", "_", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy",
}  # fmt: skip
# How many forms a number has, and which one a number takes.
PLURALS = {
    "zh-hans": (1, "0"),
    "fr": (2, "(n > 1)"),
    "pt-br": (2, "(n > 1)"),
    "ar": (6, "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5"),
}
GAP = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|<[^>]+>|https?://\S+")
HEAD = "# Words of the public pages and letters. After a change: manage.py words (docs/languages.md).\n"


@dataclass(frozen=True, order=True)
class Word:
    """One text to be translated; `plural` where its form hangs on a number, `context` where one word means two things."""

    text: str
    plural: str = ""
    context: str = ""


def wanted() -> list[Word]:
    """Every text of the public side, each once: those of the pages, of the code, of the tables."""
    found = {word: None for word in [*_of_templates(), *_of_code(), *map(Word, wordlists.spoken())] if word.text}
    plural = {word.text for word in found if word.plural}
    return [word for word in found if word.plural or word.text not in plural]


def _of_templates() -> Iterator[Word]:
    for name in TEMPLATES:
        path = ROOT / "templates" / name
        files = sorted([*path.rglob("*.html"), *path.rglob("*.txt")]) if path.is_dir() else [path]
        for file in files:
            yield from _called(templatize(file.read_text(), origin=str(file)))


def _called(source: str) -> Iterator[Word]:
    """The calls in what Django makes of a template: no Python, so they are found by their shape."""
    text = r'u?("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|"""[\s\S]*?""")'
    calls = rf"\b(n?p?gettext|_)\(\s*{text}(?:\s*,\s*{text})?"
    for name, first, second in re.findall(calls, source):
        one, other = ast.literal_eval(first), ast.literal_eval(second) if second else ""
        yield Word(other, context=one) if name == "pgettext" else Word(one, other)


def _of_code() -> Iterator[Word]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(file.read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                    yield from _argument(node.func.id, node.args)


def _argument(name: str, args: list[ast.expr]) -> Iterator[Word]:
    said = [one.value for one in args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if name.startswith("ngettext") and len(said) == 2:
        yield Word(said[0], said[1])
    elif name.startswith("pgettext") and len(said) == 2:
        yield Word(said[1], context=said[0])
    elif said and not name.startswith(("ngettext", "pgettext")):
        yield Word(said[0])


def place(language: str) -> Path:
    """The catalogue of a language."""
    return FOLDER / to_locale(language) / "LC_MESSAGES" / "django.po"


def read(path: Path) -> dict[Word, list[str]]:
    """A catalogue: each text with its translations, one for each form. Fuzzy ones count as missing."""
    found: dict[Word, list[str]] = {}
    if not path.exists():
        return found
    for block in re.split(r"\n\s*\n", path.read_text()):
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if match := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                key, value = match[1], ast.literal_eval(match[2])
                fields[key] = value
            elif line.startswith('"') and key:
                fields[key] += ast.literal_eval(line)
        if not fields.get("msgid"):
            continue
        word = Word(fields["msgid"], fields.get("msgid_plural", ""), fields.get("msgctxt", ""))
        forms = [fields[one] for one in sorted(fields) if one.startswith("msgstr")]
        found[word] = [""] * len(forms) if ", fuzzy" in block.partition("msgid")[0] else forms
    return found


def write(path: Path, language: str, words: dict[Word, list[str]]) -> None:
    """The catalogue and, beside it, what the machine reads of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + "\n".join([_entry(Word(""), [_header(language)]), *(_entry(*one) for one in words.items())]))
    path.with_suffix(".mo").write_bytes(compiled(language, words))


def forms(language: str) -> int:
    """How many forms a number has in a language."""
    return PLURALS.get(language, (2, ""))[0]


def compiled(language: str, words: dict[Word, list[str]]) -> bytes:
    """The binary form (GNU MO): what has no translation is left out, so that English stands there."""
    pairs = {b"": _header(language).encode()}
    for word, said in words.items():
        if all(said):
            key = f"{word.context}\x04{word.text}" if word.context else word.text
            pairs[(f"{key}\0{word.plural}" if word.plural else key).encode()] = "\0".join(said).encode()
    keys = sorted(pairs)
    start = 28 + 16 * len(keys)
    offsets, blob = [], b""
    for texts in (keys, [pairs[key] for key in keys]):
        for text in texts:
            offsets += [len(text), start + len(blob)]
            blob += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return head + struct.pack(f"<{len(offsets)}I", *offsets) + blob


def faults(language: str) -> list[str]:
    """What is wrong with a catalogue: texts that are missing or empty, gaps that differ, and what nobody says any more."""
    held, said = read(place(language)), wanted()
    found = [f"missing: {word.text}" for word in said if not all(held.get(word, [""]))]
    found += [f"nobody says: {word.text}" for word in held if word not in set(said)]
    for word, forms_ in held.items():
        allowed = {tuple(sorted(GAP.findall(one))) for one in (word.text, word.plural) if one}
        found += [
            f"other gaps: {word.text}" for one in forms_ if one and tuple(sorted(GAP.findall(one))) not in allowed
        ]
        if word.plural and len(forms_) != forms(language):
            found.append(f"wrong number of forms: {word.text}")
    return found


def _header(language: str) -> str:
    count, rule = PLURALS.get(language, (2, "(n != 1)"))
    return (
        f"Language: {to_locale(language)}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
        f"Content-Transfer-Encoding: 8bit\nPlural-Forms: nplurals={count}; plural={rule};\n"
    )


def _entry(word: Word, said: list[str]) -> str:
    lines = [f"msgctxt {_quoted(word.context)}"] if word.context else []
    if "%(" in word.text:
        lines.insert(0, "#, python-format")
    lines.append(f"msgid {_quoted(word.text)}")
    if word.plural:
        lines.append(f"msgid_plural {_quoted(word.plural)}")
        lines += [f"msgstr[{n}] {_quoted(one)}" for n, one in enumerate(said)]
    else:
        lines.append(f"msgstr {_quoted(said[0])}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return '"' + escaped.replace("\n", "\\n") + '"'
