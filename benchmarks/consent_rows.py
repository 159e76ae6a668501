"""A ledger of any size on PostgreSQL, filled by the database itself; some of its people have addresses to ask for."""

import random
from typing import Any

import psycopg

PURPOSES = 4
ASKED = 2000
# Ids are made of numbers, so that each statement finds what the one before made.
PERSON = "md5('person' || {})::uuid"


def fill(url: str, people: int, start: int = 1) -> None:
    """People from number `start` on, each with an e-mail address and a choice of each purpose. Ends with ANALYZE."""
    with psycopg.connect(url, autocommit=True) as link:
        one, series = PERSON.format("i"), f"generate_series({start}, {start + people - 1}) AS i"
        link.execute(f"INSERT INTO subjects_datasubject (id, created_at) SELECT {one}, now() FROM {series}")
        link.execute(
            "INSERT INTO subjects_identifier (id, subject_id, kind, value, blind_index, claimed, created_at)"
            f" SELECT md5('mail' || i)::uuid, {one}, 'email', '', encode(sha256(i::text::bytea), 'hex'), false, now()"
            f" FROM {series}"
        )
        link.execute(
            "INSERT INTO consent_choice (id, subject_id, purpose_id, granted, act, source, language, region, evidence,"
            " chosen_at, recorded_at, expires_at, idempotency_key)"
            f" SELECT md5('choice' || i || '.' || p.id)::uuid, {one}, p.id, i % 3 > 0,"
            " CASE WHEN i % 3 > 0 THEN 'given' ELSE 'refused' END, 'import', 'de', 'DE', '{}',"
            " now() - i % 300 * interval '1 day', now(),"
            " CASE WHEN i % 3 > 0 THEN now() + interval '100 days' END, ''"
            f" FROM {series}, inventory_purpose p WHERE p.key LIKE 'bench-%'"
        )
        link.execute(
            "INSERT INTO consent_standing"
            " (holder, purpose_id, choice_id, granted, act, chosen_at, recorded_at, expires_at)"
            " SELECT subject_id, purpose_id, id, granted, act, chosen_at, recorded_at, expires_at FROM consent_choice c"
            f" WHERE c.subject_id IN (SELECT {one} FROM {series})"
        )
        for table in ("subjects_datasubject", "subjects_identifier", "consent_choice", "consent_standing"):
            link.execute(f"VACUUM (ANALYZE) {table}")


def name(url: str, people: int, index: Any) -> list[str]:
    """Give people all over the table addresses that can be asked for; the addresses. `index`: the blind index of one."""
    chosen = random.Random(7).sample(range(1, people + 1), min(ASKED, people))
    mails = {number: f"asked{number}@people.example" for number in chosen}
    with psycopg.connect(url, autocommit=True) as link, link.cursor() as cursor:
        cursor.executemany(
            f"UPDATE subjects_identifier SET blind_index = %s WHERE subject_id = {PERSON.format('%s::int')}",
            [(index(mail), number) for number, mail in mails.items()],
        )
    return list(mails.values())
