"""Counts a person's rows straight in Hireline's tables, without our engine: the referee of tests and of the tour."""

import sqlalchemy as sa

from privacyops.demo import tables as t
from privacyops.demo.generator import NAMED
from privacyops.demo.loading import address


def count(email: str) -> dict[str, int]:
    """Rows per table that concern the person with this address.

    A masked account no longer has its address; the people of the tour are known by their number all the same.
    """
    engines = {name: sa.create_engine(address(name)) for name in t.DATABASES}
    with engines["platform"].connect() as connection:
        account = connection.execute(
            sa.select(t.accounts.c.id).where(sa.func.lower(t.accounts.c.email) == email.lower())
        ).scalar()
    known = {mail: number for number, (_, mail, _, _) in NAMED.items()}
    return count_account(email, account or known.get(email.lower(), 0), engines)


def count_account(email: str, account: int, engines: dict[str, sa.Engine]) -> dict[str, int]:
    """The same for an account whose number is known, as it is after an erasure."""
    profile = sa.select(t.candidate_profiles.c.id).where(t.candidate_profiles.c.account_id == account)
    wheres = {
        t.accounts: sa.func.lower(t.accounts.c.email) == email.lower(),
        t.candidate_profiles: t.candidate_profiles.c.account_id == account,
        t.applications: t.applications.c.profile_id.in_(profile),
        t.messages: sa.or_(t.messages.c.sender_account_id == account, t.messages.c.recipient_account_id == account),
        t.payments: t.payments.c.account_id == account,
        t.sessions: t.sessions.c.account_id == account,
        t.server_logs: t.server_logs.c.account_id == account,
        t.support_tickets: t.support_tickets.c.account_id == account,
        t.contacts: sa.func.lower(t.contacts.c.email) == email.lower(),
        t.vendor_profiles: sa.func.lower(t.vendor_profiles.c.email) == email.lower(),
        t.ad_audiences: sa.func.lower(t.ad_audiences.c.email) == email.lower(),
        t.archived_applications: t.archived_applications.c.account_id == account,
    }
    found = {}
    for name, meta in t.DATABASES.items():
        with engines[name].connect() as connection:
            for table in meta.sorted_tables:
                if table in wheres:
                    query = sa.select(sa.func.count()).select_from(table).where(wheres[table])
                    found[f"{name}.{table.name}"] = int(connection.execute(query).scalar_one())
    return found
