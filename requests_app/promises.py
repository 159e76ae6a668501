"""The assurance checks, run by themselves: what each said last is kept, so that a failing one is seen on the home page."""

import logging
from datetime import datetime

from django.db import DatabaseError

from audit import assurance
from requests_app.models import CheckResult

logger = logging.getLogger(__name__)
# What a check may break of: the database, a file, figures that are not what they were.
BREAKS = (DatabaseError, OSError, LookupError, ValueError, TypeError, ArithmeticError, AttributeError)


def run(one: assurance.Check) -> assurance.Finding:
    """What a check says now. One that breaks does not hold."""
    try:
        return one.run()
    except BREAKS:  # that is shown, and the other checks go on
        logger.exception("assurance check %s broke", one.key)
        return assurance.Finding(False, "This check could not be run. The log says why.")


def check_all(now: datetime) -> int:
    """Run every check and keep what it says; how many do not hold. A check that breaks does not hold."""
    seen = [(one.key, run(one)) for one in assurance.checks()]
    kept = [CheckResult(key=key, ok=said.ok, sentence=said.sentence[:300], ran_at=now) for key, said in seen]
    CheckResult.objects.exclude(key__in=[one.key for one in kept]).delete()
    CheckResult.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=("key",), update_fields=("ok", "sentence", "ran_at")
    )
    return sum(not one.ok for one in kept)
