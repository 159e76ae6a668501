"""Celery: the bell, never the queue.

Every unit of work is a row first; a task carries ids only and may run twice or never. `beat_schedule` (in settings) names
the sweeps that find what a lost message would have rung for.
"""

import gc
import os
import signal
from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_process_init
from django.db import close_old_connections

from privacyops import supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")

app = Celery("privacyops")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would close the database's connection before and after each task; `_tend_connections` keeps it as the web does.
app.conf.CELERY_DB_REUSE_MAX = 10**9
app.autodiscover_tasks()


@worker_process_init.connect
def _die_with_the_worker(**about: Any) -> None:
    """A pool process whose worker was killed would go on with work that the next worker is given as well."""
    supervisor.die_with(os.getppid(), signal.SIGKILL)
    # What was imported lives as long as the process: the collector need not walk through it. And a request makes many small
    # things that are gone at once, which is no reason to look for circles every 700 of them.
    gc.freeze()
    gc.set_threshold(10_000, 20, 10)


@task_prerun.connect
@task_postrun.connect
def _tend_connections(task: Any = None, **about: Any) -> None:
    """Between two tasks a connection is kept for CONN_MAX_AGE and asked for its health, as between two web requests."""
    if not task.request.is_eager:
        close_old_connections()
