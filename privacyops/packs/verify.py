#!/usr/bin/env python3
"""Checks a pack of evidence. Needs Python 3 and nothing else, no network, and no word of whoever made the pack.

    python3 verify.py                 in the unpacked folder
    python3 verify.py other/data/chain.csv   also compares with the chain of another pack

It says what it checked, and ends with 0 when everything holds, with 1 and the faults when not.
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def say(words: str) -> None:
    """One line."""
    sys.stdout.write(f"{words}\n")


def files() -> "list[str]":
    """Each file against the list of SHA-256 sums, and no file that is not on the list."""
    found, listed = [], set()
    for line in (HERE / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed.add(name)
        path = HERE / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            found.append(f"{name} was changed")
    for path in (HERE / "data").rglob("*"):
        if path.is_file() and path.relative_to(HERE).as_posix() not in listed:
            found.append(f"{path.relative_to(HERE)} was added")
    say(f"{len(listed)} files compared with their SHA-256 sums")
    return found


def chain(path: Path) -> "dict[int, str]":
    """Digests by number."""
    rows = (line.split(",") for line in path.read_text().splitlines() if line)
    return {int(number): digest for number, digest in rows}


def events(known: "dict[int, str]") -> "list[str]":
    """Each event's digest anew, and its place in the chain."""
    found, count = [], 0
    for path in sorted((HERE / "data").rglob("events.jsonl")):
        for line in path.read_text().splitlines():
            event = json.loads(line)
            body, digest = event["body"], event["digest"]
            number, previous = body[0], body[9]
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                found.append(f"event {number} is not what its digest says")
            if known and known.get(number) != digest:
                found.append(f"event {number} does not stand in the chain")
            if known and known.get(number - 1, previous) != previous:
                found.append(f"event {number} does not follow event {number - 1}")
            count += 1
    say(f"{count} events computed anew")
    return found


def links(known: "dict[int, str]") -> "list[str]":
    """No number is missing, and the newest event is the one that the pack names."""
    found = [f"event {one + 1} is missing" for one in sorted(known)[:-1] if one + 1 not in known]
    head = json.loads((HERE / "data" / "pack.json").read_text())["chain"]
    if known and known.get(head["newest"]) != head["digest"]:
        found.append("the newest event is not the one that pack.json names")
    say(f"{len(known)} links of the chain; the newest is {head['newest']}, {head['digest']}")
    return found


def compared(known: "dict[int, str]", other: "dict[int, str]") -> "list[str]":
    """Two packs agree wherever both know a digest."""
    both = known.keys() & other.keys()
    say(f"{len(both)} links compared with the other chain")
    return [f"event {one} has another digest in the other pack" for one in sorted(both) if known[one] != other[one]]


def main() -> int:
    """Check everything and say it."""
    place = HERE / "data" / "chain.csv"
    known = chain(place) if place.exists() else {}
    faults = files() + events(known) + links(known)
    for other in sys.argv[1:]:
        faults += compared(known, chain(Path(other)))
    for one in faults:
        say(f"FAULT: {one}")
    say("NOT SOUND" if faults else "SOUND: nothing was changed since the pack was made")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
