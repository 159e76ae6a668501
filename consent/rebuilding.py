"""Ledger and current view agree: shown by one statement, and mended by another. The ledger is right, whatever the view says.

All of it happens inside the database, so that ten million choices need no memory of ours.
"""

from dataclasses import dataclass

from django.db import connection

from audit import log
from audit.actor import Actor
from consent.models import Standing

VALUES = "id AS choice_id, notice_id, granted, act, chosen_at, recorded_at, expires_at"
NAMES = "choice_id, notice_id, granted, act, chosen_at, recorded_at, expires_at"
# The newest choice of each holder and purpose, by the order that `standing` keeps.
NEWEST = f"""SELECT holder, purpose_id, {NAMES} FROM (
 SELECT COALESCE(subject_id, device_id) AS holder, purpose_id, {VALUES},
  ROW_NUMBER() OVER (PARTITION BY COALESCE(subject_id, device_id), purpose_id
   ORDER BY chosen_at DESC, recorded_at DESC, id DESC) AS place
 FROM consent_choice {{where}}) AS ranked WHERE place = 1"""
# Of the newest choices only: what a check can do each hour.
RECENT = """WHERE COALESCE(subject_id, device_id) IN (
 SELECT COALESCE(subject_id, device_id) FROM (
  SELECT subject_id, device_id FROM consent_choice ORDER BY chosen_at DESC LIMIT {most}) AS recent)"""
WRONG = f"""FROM ({NEWEST}) AS n LEFT JOIN consent_standing s ON s.holder = n.holder AND s.purpose_id = n.purpose_id
 WHERE s.choice_id IS NULL OR s.choice_id <> n.choice_id OR s.granted <> n.granted OR s.act <> n.act
 OR s.chosen_at <> n.chosen_at OR s.recorded_at <> n.recorded_at
 OR COALESCE(s.notice_id, 0) <> COALESCE(n.notice_id, 0)
 OR (s.expires_at IS NULL) <> (n.expires_at IS NULL) OR s.expires_at <> n.expires_at"""
ORPHANS = """FROM consent_standing WHERE NOT EXISTS (
 SELECT 1 FROM consent_choice c WHERE c.purpose_id = consent_standing.purpose_id AND (
  c.subject_id = consent_standing.holder OR (c.subject_id IS NULL AND c.device_id = consent_standing.holder)))"""
UPSERT = f"""INSERT INTO consent_standing (holder, purpose_id, {NAMES})
 SELECT n.holder, n.purpose_id, {", ".join("n." + one for one in NAMES.split(", "))} {WRONG}
 ON CONFLICT (holder, purpose_id) DO UPDATE SET ended_at = NULL,
 {", ".join(f"{one} = excluded.{one}" for one in NAMES.split(", "))}"""


@dataclass(frozen=True)
class Difference:
    """How many rows of the view are missing or say something else than the ledger, and how many it knows nothing of."""

    wrong: int
    orphans: int

    @property
    def agrees(self) -> bool:
        return not self.wrong and not self.orphans


def compare() -> Difference:
    """The whole ledger against the whole view."""
    return Difference(_count(WRONG.format(where="")), _count(ORPHANS))


def compare_newest(most: int = 5000) -> int:
    """The holders of the newest choices only: how many of their rows are wrong."""
    return _count(WRONG.format(where=RECENT.format(most=most)))


def rebuild(*, actor: Actor) -> Difference:
    """Make the view say what the ledger says; what was mended. Nobody writes choices meanwhile: they wait."""
    with log.atomic():
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("LOCK TABLE consent_standing IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"DELETE {ORPHANS}")
            orphans = cursor.rowcount
            cursor.execute(UPSERT.format(where=""))
            done = Difference(cursor.rowcount, orphans)
        if not done.agrees:
            noun = Standing.objects.order_by("pk").first() or Standing(pk=0)
            log.record("standing.rebuilt", actor=actor, noun=noun, wrong=done.wrong, orphans=done.orphans)
    return done


def _count(what: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {what}")
        return int(cursor.fetchone()[0])
