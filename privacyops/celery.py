"""Celery: the bell, never the queue.

Every unit of work is a row first; a task carries ids only and may run twice or never. `beat_schedule` (in settings) names
the sweeps that find what a lost message would have rung for.
"""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from privacyops import supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")

app = Celery("privacyops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _die_with_the_worker(**about: Any) -> None:
    """A pool process whose worker was killed would go on with work that the next worker is given as well."""
    supervisor.die_with(os.getppid(), signal.SIGKILL)
