"""People, recipients and a ledger of any size on PostgreSQL, made by the database itself."""

import psycopg

PEOPLE, CALL, RECIPIENTS, EACH = 100_000, 5_000, 200, 100
PERSON = "md5('person' || {})::uuid"
# Moments in their order, as a ledger grows: half a year in all.
MOMENT = "timestamptz '2026-05-01' + i * (interval '180 days' / {})"


def people(url: str, count: int) -> None:
    """So many people with an e-mail address each, whose blind index is set by `disclosures_inline`."""
    with psycopg.connect(url, autocommit=True) as link:
        series = f"generate_series(0, {count - 1}) AS i"
        link.execute(
            f"INSERT INTO subjects_datasubject (id, created_at) SELECT {PERSON.format('i')}, now() FROM {series}"
        )
        link.execute(
            "INSERT INTO subjects_identifier (id, subject_id, kind, value, blind_index, claimed, created_at)"
            f" SELECT md5('mail' || i)::uuid, {PERSON.format('i')}, 'email', '', 'bench' || i, false, now() FROM {series}"
        )
        for table in ("subjects_datasubject", "subjects_identifier"):
            link.execute(f"VACUUM (ANALYZE) {table}")


def ledger(url: str, count: int) -> None:
    """A ledger of so many rows, EACH about a person, spread over time."""
    with psycopg.connect(url, autocommit=True) as link:
        people = max(1, count // EACH)
        link.execute("SET maintenance_work_mem = '512MB'")
        link.execute(
            f"INSERT INTO subjects_datasubject (id, created_at) SELECT {PERSON.format('i')}, now()"
            f" FROM generate_series(0, {people - 1}) AS i"
        )
        link.execute(
            "INSERT INTO disclosures_recipient (key, name, role, kind, contact, country, transfer_basis, contract,"
            " receives_everyone, active, ccpa, sold, shared, review_months, review_due)"
            " SELECT 'bench-' || i, 'Recipient ' || i, 'controller', 'Employer', 'privacy@r' || i || '.example', 'DE', '', '',"
            f" false, true, '', false, false, 12, current_date FROM generate_series(0, {RECIPIENTS - 1}) AS i"
        )
        made = link.execute(
            "SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'disclosures_disclosure' AND indexname LIKE"
            " 'disclosures_%' AND indexname NOT LIKE '%pkey'"
        ).fetchall()
        for _, name in made:
            link.execute(f"DROP INDEX {name}")
        link.execute("ALTER TABLE disclosures_disclosure DISABLE TRIGGER ALL")  # its references hold: see above
        link.execute(
            "INSERT INTO disclosures_disclosure (id, subject_id, recipient_id, categories, occasion, disclosed_at, source,"
            " reason, recorded_at, idempotency_key)"
            " SELECT lpad(to_hex(i), 32, '0')::uuid, md5('person' || i % %(people)s)::uuid, first + (i / 7) %% %(recipients)s,"
            " '[\"bench.a\", \"bench.b\"]'::jsonb, 'application sent', {moment}, 'api', '', now(), ''"
            " FROM generate_series(0, %(last)s) AS i, (SELECT min(id) AS first FROM disclosures_recipient"
            " WHERE key LIKE 'bench-%%') AS r".replace("{moment}", MOMENT.format(count)).replace("i % %(", "i %% %("),
            {"people": people, "recipients": RECIPIENTS, "last": count - 1},
        )
        link.execute("ALTER TABLE disclosures_disclosure ENABLE TRIGGER ALL")
        for sql, _ in made:
            link.execute(sql)
        for table in ("subjects_datasubject", "disclosures_recipient", "disclosures_disclosure"):
            link.execute(f"VACUUM (ANALYZE) {table}")
