"""What an SQL database keeps unique in another way than by plain columns: in lower case, in some rows only, by a column that it
works out itself. Such a key tells no rows apart, but equal values break it.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

PARTLY = ""  # no column has this name: a set that holds it is unique somehow, and not by these columns simply
Unique = frozenset[frozenset[str]]


@contextmanager
def quietly() -> Iterator[None]:
    """SQLAlchemy warns of each index over an expression that it leaves out; `written` reads those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


def partly(table: sa.Table, indexes: Iterable[Any]) -> Unique:
    """The columns of each unique index that is partial, or over an expression or a computed column."""
    found = set[frozenset[str]]()
    for one in indexes:
        names = [name for name in one["column_names"] if name is not None]
        computed = {name: table.c[name].info["computed"] for name in names if name in table.c}
        made = " ".join(str(words) for words in computed.values() if words)
        words = " ".join(str(part) for part in one.get("expressions", ()))
        partial = any(word.endswith("_where") for word in one.get("dialect_options", {}))
        if one.get("unique") and (partial or words or made or len(names) < len(one["column_names"])):
            # What a computed column is made of stands for it.
            plain = [name for name in names if not computed.get(name)]
            found.add(frozenset({*plain, *_named(table, f"{words} {made}"), PARTLY}))
    return frozenset(found)


def written(inspector: sa.Inspector) -> dict[str, list[str]]:
    """By table: what the unique indexes of a SQLite file are over, in its words. SQLAlchemy does not tell of expressions."""
    if inspector.dialect.name != "sqlite":
        return {}
    found: dict[str, list[str]] = {}
    with inspector.engine.connect() as connection:
        query = "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%'"
        for table, words in connection.exec_driver_sql(query):
            found.setdefault(str(table), []).append(_inside(str(words)))
    return found


def of_words(table: sa.Table, written: Iterable[str]) -> Unique:
    """The columns that stand in these words, where they are more than a list of columns."""
    sets = [frozenset({*_named(table, words), PARTLY}) for words in written if "(" in words]
    return frozenset(sets)


def keys_of(unique: Unique, name: str) -> Iterator[frozenset[str]]:
    """The other columns of each unique key that a column is part of; an empty set: it is unique by itself."""
    for one in unique:
        if name in one:
            yield one - {name, PARTLY}


def _inside(words: str) -> str:
    """What stands in the first brackets."""
    depth, start = 0, words.find("(") + 1
    for place, sign in enumerate(words[start - 1 :], start - 1):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return words[start:place]
    return words[start:]


def _named(table: sa.Table, words: str) -> list[str]:
    return [one.name for one in table.c if re.search(rf"(?<!\w){re.escape(one.name)}(?!\w)", words, re.IGNORECASE)]
