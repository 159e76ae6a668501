"""Which database errors pass by themselves, and which a person must mend. By code: the driver's text is never passed on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc

from connectors.kinds.base import Permanent, Temporary

SENTENCES = {
    "schema": "A table or column of the description does not exist there. Mend the description, then retry.",
    "constraint": "A rule of the database forbids the change: other rows may refer to these, or a value must be unique. "
    "See to what refers to them or to the masks, then retry.",
    "permission": "Our login may not do this there. Ask the system's owner for the grant, then retry.",
    "login": "The system does not let our login in: its name or password is wrong, or it may not come from here. Mend the "
    "address of the connection, or ask the system's owner, then retry.",
    "value": "A value does not fit into its column there. Mend the mask in the description, then retry.",
}
UNREADABLE = "A value there cannot be read here, such as a date without end. Ask its owner to mend it, then retry."
# PostgreSQL SQLSTATE (appendix A of its manual). Passing: connection, rollback (serialization, deadlock), resources,
# lock not available, cancelled by a timeout or a shutdown, system error.
POSTGRESQL = (
    ("", ("08", "40", "53", "55P03", "57", "58", "HYT00")),
    ("schema", ("42P01", "42703", "3F000", "42704")),
    ("constraint", ("23",)),
    ("login", ("28",)),
    ("permission", ("42501", "25006")),
    ("value", ("22",)),
)
# In the words of a server that speaks English; in another language the trouble counts as passing, and is told as "did not
# answer".
REFUSED_AT_THE_DOOR = (
    ("login", re.compile(r"authentication failed|no pg_hba\.conf entry|role .* does not exist|not permitted to log in"
                         r"|no password supplied")),
    ("permission", re.compile(r"permission denied for database")),
    ("schema", re.compile(r"database .* does not exist")),
)  # fmt: skip
# MySQL and MariaDB error numbers. Passing: lock wait, deadlock, too many connections, killed, timeout; all of the
# client's own (2000 to 2999) are connection troubles.
PASSING = {0, 1040, 1053, 1203, 1205, 1213, 1226, 1317, 1927, 1969, 3024, *range(2000, 3000)}
MYSQL = {
    "schema": {1049, 1054, 1146},
    "constraint": {1048, 1062, 1169, 1216, 1217, 1451, 1452, 1557, 3819, 4025},
    "login": {1045, 1698},
    "permission": {1044, 1142, 1143, 1227, 1290, 1370},
    "value": {1264, 1265, 1292, 1366, 1406},
}
SQLITE = (
    (
        "",
        (
            "SQLITE_BUSY",
            "SQLITE_INTERRUPT",
            "SQLITE_LOCKED",
            "SQLITE_IOERR",
            "SQLITE_FULL",
            "SQLITE_CANTOPEN",
            "SQLITE_PROTOCOL",
        ),
    ),
    ("constraint", ("SQLITE_CONSTRAINT",)),
    ("permission", ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")),
    ("value", ("SQLITE_MISMATCH", "SQLITE_TOOBIG")),
    ("schema", ("SQLITE_ERROR",)),  # its one code for an unknown table, an unknown column and a wrong statement
)


def translate(error: exc.SQLAlchemyError, place: str = "") -> Temporary | Permanent:
    """Our error for the database's; `place` is the collection that was worked on."""
    where = f"{place}: " if place else ""
    if isinstance(error, exc.NoSuchTableError):
        return Permanent("schema", where + SENTENCES["schema"])
    if isinstance(error, exc.TimeoutError):
        return Temporary("busy")
    if not isinstance(error, exc.DBAPIError):
        return Permanent(
            "database", f"{where}The database layer refused the work ({type(error).__name__}). Ask its owner."
        )
    code, meaning = _meaning(error.orig)
    if isinstance(error, exc.DataError) and not code and not error.connection_invalidated:
        return Permanent("value", where + UNREADABLE)  # the driver's own refusal: trying again would change nothing
    if error.connection_invalidated or meaning == "":
        return Temporary(code or "connection")
    if meaning is None and isinstance(error, exc.IntegrityError):
        meaning = "constraint"
    if meaning is None:
        return Permanent(
            "database", f"{where}The database refused the statement (code {code}). Ask its owner, then retry."
        )
    return Permanent(meaning, where + SENTENCES[meaning])


def _meaning(driver: Any) -> tuple[str, str | None]:
    """(the driver's code, what it means: "" passes by itself, None is unknown)."""
    name = getattr(driver, "sqlite_errorname", None)
    if name is not None:
        return name, next((word for word, starts in SQLITE if name.startswith(starts)), None)
    arguments = getattr(driver, "args", ())
    if arguments and isinstance(arguments[0], int):  # PyMySQL, whose states say less than its numbers
        number = arguments[0]
        meanings = (word for word, numbers in MYSQL.items() if number in numbers)
        return str(number), "" if number in PASSING else next(meanings, None)
    state = getattr(driver, "sqlstate", None) or ""  # psycopg
    if not state:  # the connection itself failed, and libpq gives no state for that: only the server's words tell why
        words = str(driver)
        return ("", next((word for word, said in REFUSED_AT_THE_DOOR if said.search(words)), ""))
    return state, next((word for word, starts in POSTGRESQL if state.startswith(starts)), None)


@contextmanager
def translated(place: str = "") -> Iterator[None]:
    """Turn database errors inside the block into ours; they name `place`, a collection."""
    failure: Temporary | Permanent | None = None
    try:
        yield
    except exc.SQLAlchemyError as error:
        failure = translate(error, place)
        _empty(error)
    except OSError as error:
        failure = Temporary(type(error).__name__)
        _empty(error)
    if failure is not None:
        raise failure from None


def _empty(error: BaseException) -> None:
    """Take the words out of a driver's error: it stays behind ours as its context, and whoever logs that logs values."""
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__cause__, one.__context__, getattr(one, "orig", None)]
        one.args = ()
        if isinstance(one, exc.StatementError):
            one.statement, one.params, one.detail = "", None, []
