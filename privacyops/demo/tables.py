"""Hireline's own tables, in three databases of its own: what a job-search platform really keeps."""

import sqlalchemy as sa

PLATFORM, MARKETING, ARCHIVE = (sa.MetaData() for _ in range(3))


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _to(table: str, name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.ForeignKey(f"{table}.id"), nullable=nullable, index=True)


accounts = sa.Table(
    "accounts", PLATFORM, _key(),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("full_name", sa.String(120), nullable=False),
    sa.Column("phone", sa.String(40)),
    sa.Column("city", sa.String(80)),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)  # fmt: skip
candidate_profiles = sa.Table(
    "candidate_profiles", PLATFORM, _key(), _to("accounts", "account_id"),
    sa.Column("headline", sa.String(160)),
    sa.Column("skills", sa.String(240)),
    sa.Column("years_of_experience", sa.Integer),
    sa.Column("salary_wish", sa.Integer),
    sa.Column("right_to_work", sa.String(40)),
    sa.Column("match_score", sa.Float),
)  # fmt: skip
employers = sa.Table(
    "employers", PLATFORM, _key(), sa.Column("name", sa.String(120), nullable=False), sa.Column("city", sa.String(80))
)
jobs = sa.Table(
    "jobs", PLATFORM, _key(), _to("employers", "employer_id"), sa.Column("title", sa.String(120), nullable=False)
)
applications = sa.Table(
    "applications", PLATFORM, _key(), _to("candidate_profiles", "profile_id"), _to("jobs", "job_id"),
    sa.Column("cover_letter", sa.Text),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("applied_at", sa.DateTime, nullable=False),
)  # fmt: skip
messages = sa.Table(
    "messages", PLATFORM, _key(), _to("accounts", "sender_account_id"), _to("accounts", "recipient_account_id"),
    sa.Column("sender_name", sa.String(120)),
    sa.Column("recipient_name", sa.String(120)),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("sent_at", sa.DateTime, nullable=False),
)  # fmt: skip
payments = sa.Table(
    "payments", PLATFORM, _key(), _to("accounts", "account_id"),
    sa.Column("product", sa.String(80), nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("card_last_four", sa.String(4)),
    sa.Column("paid_at", sa.DateTime, nullable=False),
)  # fmt: skip
sessions = sa.Table(
    "sessions", PLATFORM, _key(), _to("accounts", "account_id"),
    sa.Column("device", sa.String(120)),
    sa.Column("ip", sa.String(45)),
    sa.Column("started_at", sa.DateTime, nullable=False),
)  # fmt: skip
server_logs = sa.Table(
    "server_logs", PLATFORM, _key(), _to("accounts", "account_id", nullable=True),
    sa.Column("ip", sa.String(45), nullable=False),
    sa.Column("user_agent", sa.String(160)),
    sa.Column("path", sa.String(160), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
)  # fmt: skip
support_tickets = sa.Table(
    "support_tickets", PLATFORM, _key(), _to("accounts", "account_id"),
    sa.Column("subject", sa.String(160)),
    sa.Column("words", sa.Text),
    sa.Column("opened_at", sa.DateTime, nullable=False),
)  # fmt: skip

contacts = sa.Table(
    "contacts", MARKETING, _key(),
    sa.Column("email", sa.String(254), nullable=False, index=True),
    sa.Column("first_name", sa.String(80)),
    sa.Column("interests", sa.String(160)),
    sa.Column("subscribed", sa.Boolean, nullable=False),
    sa.Column("joined_on", sa.Date, nullable=False),
)  # fmt: skip
vendor_profiles = sa.Table(
    "vendor_profiles", MARKETING, _key(),
    sa.Column("email", sa.String(254), nullable=False, index=True),
    sa.Column("employer_guess", sa.String(120)),
    sa.Column("inferred_salary_band", sa.String(40)),
    sa.Column("shared_with_partners", sa.Boolean, nullable=False),
    sa.Column("bought_on", sa.Date, nullable=False),
)  # fmt: skip
ad_audiences = sa.Table(
    "ad_audiences", MARKETING, _key(),
    sa.Column("email", sa.String(254), nullable=False, index=True),
    sa.Column("audience", sa.String(80), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("added_on", sa.Date, nullable=False),
)  # fmt: skip

archived_applications = sa.Table(
    "archived_applications", ARCHIVE, _key(),
    # The account's number in the platform: another database, so no foreign key there.
    sa.Column("account_id", sa.Integer, nullable=False, index=True),
    sa.Column("job_title", sa.String(120), nullable=False),
    sa.Column("cover_letter", sa.Text),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("closed_on", sa.Date, nullable=False, index=True),
)  # fmt: skip

DATABASES = {"platform": PLATFORM, "marketing": MARKETING, "archive": ARCHIVE}
