"""The rules of the house, kept by tools and not by memory."""

import ast
import io
import re
import subprocess
import sys

import pytest
from django.core.management import call_command

from audit import log
from tests.house.tree import PACKAGES, ROOT, calls, files, functions, trees

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TASK = 400, 40, 10
SPELT_BY_CHANCE = "(?=.*[a-f])[0-9a-f]{3,5}|[A-Z]{2}"  # in a digest, a key, a token


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [str(ROOT / sys.prefix / "bin" / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_no_file_is_longer_than_one_can_hold_in_the_head() -> None:
    long = {str(path): count for path in files() if (count := len(path.read_text().splitlines())) > LONGEST_FILE}
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path}:{one.name} {one.end_lineno - one.lineno + 1}"
        for path, tree in trees()
        for one in functions(tree)
        if one.end_lineno and one.end_lineno - one.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_a_task_is_a_door_and_no_more() -> None:
    for path, tree in trees():
        if not path.endswith("tasks.py"):
            continue
        for one in functions(tree):
            body = (one.end_lineno or 0) - one.body[0].lineno
            assert body <= LONGEST_TASK, f"{path}:{one.name}"
            if any("shared_task" in ast.unparse(mark) for mark in one.decorator_list):
                names = [argument.arg for argument in one.args.args]
                assert all(name.endswith("_id") for name in names), f"{path}:{one.name} takes more than ids: {names}"


def test_there_are_no_signals_and_no_clever_saves() -> None:
    for path, tree in trees():
        text = ast.unparse(tree)
        assert "@receiver" not in text and "post_save" not in text and "pre_save" not in text, path
        if "models" in path:
            assert not [one.name for one in functions(tree) if one.name in ("save", "delete")], path


def test_files_bear_words_of_the_domain() -> None:
    forbidden = {"utils.py", "helpers.py", "services.py", "signals.py", "misc.py", "common.py", "managers.py"}
    assert not [str(path) for path in files() if path.name in forbidden]


def test_every_package_says_what_lives_there() -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("__init__.py"):
            if "migrations" not in path.parts:
                assert ast.get_docstring(ast.parse(path.read_text())), path


def test_nothing_is_swallowed() -> None:
    """`except Exception` is written once, where it parks the work in sight, and bare `except` nowhere."""
    broad = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert len(broad) <= 3, broad
    for place in broad:
        path, line = place.rsplit(":", 1)
        after = "\n".join((ROOT / path).read_text().splitlines()[int(line) - 1 : int(line) + 6])
        assert "park" in after or "raise" in after, place


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    out = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    text = (ROOT / "privacyops" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert read == documented


def test_every_command_has_its_place_in_the_documentation() -> None:
    pages = "\n".join(path.read_text() for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
    for path in (ROOT / "privacyops" / "management" / "commands").glob("[a-z]*.py"):
        assert f"manage.py {path.stem}" in pages, path.stem


def test_every_page_of_the_documentation_that_is_linked_exists() -> None:
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]:
        for link in re.findall(r"\]\(([^)#:]+\.(?:md|png))\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_failpoint_has_one_place_and_is_broken_by_some_test() -> None:
    places: dict[str, str] = {}
    for path, tree in trees():
        for call in calls(tree, "failpoint"):
            if call.args and isinstance(call.args[0], ast.Constant):
                name = call.args[0].value
                assert name not in places, f"{name} stands in {places[name]} and in {path}"
                places[name] = path
    assert len(places) >= 12
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    unbroken = [name for name in places if name not in tests]
    assert not unbroken


def test_every_recorded_event_is_declared_with_words() -> None:
    names = {
        call.args[0].value
        for _, tree in trees()
        for call in calls(tree, "record")
        if call.args and isinstance(call.args[0], ast.Constant) and "." in str(call.args[0].value)
    }
    assert names <= set(log.declared())
    assert all(label[0].isupper() for label in log.declared().values())


def test_no_path_of_one_machine_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix in (".png", ".mo") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        assert not re.search(r"(?<![\w.~-])/(?:work|farm|root)/[a-z]", text), name


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_says_what_it_does(package: str) -> None:
    silent = []
    for path, tree in trees():
        if not path.startswith(f"{package}/"):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                plain = isinstance(node, ast.ClassDef) and (
                    path.endswith("apps.py") or node.name in ("Command", "Meta")
                )
                if not plain and not ast.get_docstring(node):
                    silent.append(f"{path}:{node.name}")
    assert not silent


def test_no_test_fails_because_a_random_key_happens_to_spell_a_name() -> None:
    """`"ada" not in text` fails about once in a hundred runs where the text holds a digest or a random key."""
    luck = [
        f"{path.relative_to(ROOT)}:{node.lineno} {said.value!r}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.NotIn) for one in node.ops)
        for said in (node.left,)
        if isinstance(said, ast.Constant) and isinstance(said.value, str | bytes)
        if re.fullmatch(SPELT_BY_CHANCE, said.value if isinstance(said.value, str) else said.value.decode("latin1"))
    ]
    assert not luck, "look for more of it: an address with its @, a whole name, the mark before or after it"
