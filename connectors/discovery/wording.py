"""A draft as YAML that `manage.py describe` reads: one line for each field, behind it how sure the guess is and why. Pure."""

from collections.abc import Mapping
from typing import Any

import yaml

from connectors.discovery.drafting import Drafted
from connectors.discovery.words import CATEGORIES

HEAD = """\
# A draft, made from a look at the tables of {system}. It is a proposal: read it, mend it, and only then
#   manage.py describe --check FILE      and without --check to bring it in
# Behind each field: how sure the guess is (0 to 100), and why. LOOK marks what a person has to decide.
"""


def written(system: Mapping[str, Any], dataset: Mapping[str, Any], drafted: Mapping[str, Drafted]) -> str:
    """The whole description of one system. `system` and `dataset`: key and name, and what else is known of them."""
    lines = [HEAD.format(system=system["key"]) + "categories:"]
    lines += [f"  - {_flow(one)}" for one in categories(drafted)]
    lines += ["systems:"]
    lines += _block(system, "  ")
    lines += ["    datasets:", *_block(dataset, "      "), "        collections:"]
    for one in drafted.values():
        lines += _collection(one)
    return "\n".join(lines) + "\n"


def categories(drafted: Mapping[str, Drafted]) -> list[dict[str, Any]]:
    """The categories that the fields of a draft name, with those above them."""
    named = {each.get("category", "") for one in drafted.values() for each in one.row["fields"]} - {""}
    wanted = sorted(named | {one.partition(".")[0] for one in named})
    return [known(key) for key in wanted]


def known(key: str) -> dict[str, Any]:
    """A category of ours as a description says it."""
    name, sensitive = CATEGORIES[key]
    return {"key": key, "name": name, **({"sensitive": True} if sensitive else {})}


def _block(row: Mapping[str, Any], indent: str) -> list[str]:
    lines = [f"{key}: {_flow(value)}" for key, value in row.items()]
    return [f"{indent}- {lines[0]}", *(f"{indent}  {one}" for one in lines[1:])]


def _collection(one: Drafted) -> list[str]:
    head = {key: value for key, value in one.row.items() if key != "fields"}
    lines = [f"          # LOOK: {note}" for note in one.notes]
    lines += _block(head, "          ")
    lines.append("            fields:")
    return lines + [f"              - {_flow(each)}{_why(one, each)}" for each in one.row["fields"]]


def _why(one: Drafted, field: Mapping[str, Any]) -> str:
    guess = one.guesses.get(field["name"])
    if guess is None or not guess.personal or one.skipped:
        return ""
    return f"  # {guess.confidence}: {'; '.join(guess.evidence)}"


def _flow(value: Any) -> str:
    """A value in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=100_000)
    return text.removesuffix("\n...\n").strip()
