"""Every sweep of the schedule does its work on a database that holds something of everything."""

import traceback
from typing import Any

import pytest
from django.db import transaction
from django.utils.module_loading import import_string

from audit.models import SweepRun
from privacyops.beat import SCHEDULE
from tests.desk.builders import everything


@pytest.mark.django_db
def test_no_sweep_fails(company: Any) -> None:
    everything(company)
    failed = []
    for name, entry in SCHEDULE.items():
        try:
            with transaction.atomic():
                import_string(entry["task"])()
        except Exception:
            failed.append(f"{name}: {traceback.format_exc(limit=-3)}")
    assert not failed, "\n".join(failed)
    ran = set(SweepRun.objects.exclude(finished_at=None).values_list("job", flat=True))
    otherwise = {"requests.sweep_requests", "audit.prune_sweeps"}  # a slot of an older name, and one that needs none
    assert ran >= set(SCHEDULE) - otherwise, "each of them claimed its slot, so it ran"
