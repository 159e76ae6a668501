"""A small company whose database counts what is done to it, so that "once" can be proved and not only believed."""

import hashlib
import sqlite3
from pathlib import Path

PEOPLE = {
    "anna": "anna.fault@people.example",
    "ben": "ben.fault@people.example",
    "carla": "carla.fault@people.example",
    "dora": "dora.fault@people.example",
    "emil": "emil.fault@people.example",
}
VISITS = 900
TABLES = ("accounts", "visits", "messages", "payments", "newsletter")

SCHEMA = """
CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, full_name TEXT NOT NULL, phone TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts(id), ip TEXT, at TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY,
  sender_id INTEGER NOT NULL REFERENCES accounts(id), recipient_id INTEGER NOT NULL REFERENCES accounts(id),
  sender_name TEXT, recipient_name TEXT, body TEXT);
CREATE TABLE payments (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts(id), amount INTEGER);
CREATE TABLE newsletter (email TEXT PRIMARY KEY, subscribed INTEGER NOT NULL);
CREATE TABLE effects (place TEXT NOT NULL, row_id TEXT NOT NULL, verb TEXT NOT NULL);
CREATE INDEX visits_account ON visits(account_id);
"""


def build(path: Path) -> None:
    """Make the database at `path`, with a trigger for each change of each row."""
    with sqlite3.connect(path) as db:
        db.executescript("PRAGMA journal_mode=WAL;" + SCHEMA)
        for number, (name, mail) in enumerate(PEOPLE.items(), start=1):
            full = f"{name.title()} Faultproof"
            db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)", (number, mail, full, f"+49 30 555 {number:04}"))
            db.execute("INSERT INTO newsletter VALUES (?, 1)", (mail,))
            db.execute("INSERT INTO payments (account_id, amount) VALUES (?, 4900)", (number,))
            rows = [(number, f"192.0.2.{turn % 250}", f"2026-{turn % 9 + 1:02}-15") for turn in range(VISITS)]
            db.executemany("INSERT INTO visits (account_id, ip, at) VALUES (?, ?, ?)", rows)
        names = [f"{name.title()} Faultproof" for name in PEOPLE]
        for sender in range(1, 6):
            for recipient in range(1, 6):
                db.execute(
                    "INSERT INTO messages (sender_id, recipient_id, sender_name, recipient_name, body) VALUES (?,?,?,?,?)",
                    (sender, recipient, names[sender - 1], names[recipient - 1], f"Words of {names[sender - 1]}"),
                )
        for table in TABLES:
            key = "email" if table == "newsletter" else "id"
            for verb in ("UPDATE", "DELETE"):
                db.execute(
                    f"CREATE TRIGGER {table}_{verb.lower()} AFTER {verb} ON {table} BEGIN "
                    f"INSERT INTO effects VALUES ('{table}', OLD.{key}, '{verb.lower()}'); END"
                )


def counts(path: Path, name: str) -> dict[str, int]:
    """How many rows concern a person, by their number in PEOPLE (independent of our engine)."""
    number = list(PEOPLE).index(name) + 1
    with sqlite3.connect(path) as db:
        return {
            "visits": db.execute("SELECT count(*) FROM visits WHERE account_id=?", (number,)).fetchone()[0],
            "payments": db.execute("SELECT count(*) FROM payments WHERE account_id=?", (number,)).fetchone()[0],
            "named": db.execute(
                "SELECT count(*) FROM accounts WHERE id=? AND full_name LIKE '%Faultproof'", (number,)
            ).fetchone()[0],
            "spoke": db.execute(
                "SELECT count(*) FROM messages WHERE sender_id=? AND sender_name IS NOT NULL", (number,)
            ).fetchone()[0],
        }


def effects(path: Path) -> dict[tuple[str, str, str], int]:
    """How often each row was changed or deleted."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT place, row_id, verb, count(*) FROM effects GROUP BY 1, 2, 3").fetchall()
    return {(place, row, verb): times for place, row, verb, times in rows}


def others(path: Path, *names: str) -> str:
    """A digest over every row that concerns none of `names`: it must never change."""
    numbers = [list(PEOPLE).index(name) + 1 for name in names]
    mails = [PEOPLE[name] for name in names]
    marks, mail_marks = ",".join("?" * len(numbers)), ",".join("?" * len(mails))
    digest = hashlib.sha256()
    with sqlite3.connect(path) as db:
        for sql, values in (
            (f"SELECT * FROM accounts WHERE id NOT IN ({marks}) ORDER BY id", numbers),
            (f"SELECT * FROM visits WHERE account_id NOT IN ({marks}) ORDER BY id", numbers),
            ("SELECT * FROM payments ORDER BY id", []),
            (
                f"SELECT * FROM messages WHERE sender_id NOT IN ({marks}) AND recipient_id NOT IN ({marks}) ORDER BY id",
                numbers * 2,
            ),
            (f"SELECT * FROM newsletter WHERE email NOT IN ({mail_marks}) ORDER BY email", mails),
        ):
            for row in db.execute(sql, values):
                digest.update(repr(row).encode())
    return digest.hexdigest()
