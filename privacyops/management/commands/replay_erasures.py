"""`manage.py replay_erasures --system shop --since 2026-11-20T03:00+01:00`: after a restore, everything that was erased,
corrected, switched off or withdrawn since the backup is done again and verified.

Exit status: 0 done and verified, 3 it stopped where a person must look (the JSON says why). It can be repeated at any moment.
"""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q
from django.utils import timezone

from audit import actor, bell
from audit.refusal import Refused
from connectors import batches, engine
from retention import replays, sealed
from retention.models import Replay, ReplayPart


class Command(BaseCommand):
    help = "After a restore: do again, and verify, everything of the sealed list since the backup."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--system", metavar="KEY", help="the system that was restored")
        which.add_argument("--own", action="store_true", help="our own database was restored")
        parser.add_argument("--since", required=True, metavar="MOMENT", help="when the backup was made, with its zone")
        parser.add_argument(
            "--list", type=Path, metavar="FILE", help="the sealed list's file, if it is not where it belongs"
        )
        parser.add_argument(
            "--partial", action="store_true", help="only some tables were restored: the rest of the system is as it was"
        )
        parser.add_argument(
            "--seconds", type=float, default=3600, help="give up waiting after so long without progress"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            since = datetime.fromisoformat(options["since"])
        except ValueError:
            raise CommandError("--since: write a moment such as 2026-11-20T03:00+01:00.") from None
        if timezone.is_naive(since):
            raise CommandError("--since: say in which zone, for example 2026-11-20T03:00+01:00.")
        try:
            with sealed.locked():
                taken = sealed.reconcile(options["list"])
            with bell.silence():  # this process does it itself
                replay = replays.open_replay(
                    options["system"] or "", since, by=None, actor=actor.worker("retention.command"),
                    partial=options["partial"],
                )  # fmt: skip
                drive(replay, options["seconds"])
        except Refused as error:
            raise CommandError(error.message) from error
        replay.refresh_from_db()
        self.stdout.write(json.dumps(outcome(replay, taken), indent=2))
        if replay.state != Replay.State.DONE:
            raise SystemExit(3)


def drive(replay: Replay, seconds: float) -> None:
    """Do the replay's own work in this process, beside whatever workers there are, until it is done or somebody must look."""
    last = time.monotonic()
    while Replay.objects.filter(pk=replay.pk, state=Replay.State.RUNNING).exists():
        moved = replays.advance(replay.pk)
        todo = list(_orders(replay))
        for pk in todo:
            engine.run(pk)
        if moved or todo:
            last = time.monotonic()
        elif _stuck(replay) or time.monotonic() - last > seconds:
            return
        else:
            time.sleep(0.2)  # another worker has the rest, or an order waits for its next try


def _orders(replay: Replay) -> Any:
    own = Q(batch__origin=f"replay:{replay.pk}")
    return batches.claimable(timezone.now()).filter(own).values_list("pk", flat=True)


def _stuck(replay: Replay) -> bool:
    """Whether nothing but parked work is left."""
    rows = ReplayPart.objects.filter(replay=replay).exclude(state__in=replays.SETTLED)
    waiting = [one for one in rows if one.state != ReplayPart.State.PARKED]
    orders = engine.WorkOrder.objects.filter(batch__origin=f"replay:{replay.pk}")
    open_orders = orders.filter(state__in=(engine.State.OPEN, engine.State.RUNNING)).exists()
    parked = orders.filter(state=engine.State.PARKED).exists()
    return not open_orders and (parked or not waiting)


def outcome(replay: Replay, taken: int) -> dict[str, Any]:
    """What is told to whoever ran it."""
    waiting = replay.parts.exclude(state__in=replays.SETTLED).exclude(note="")
    return {
        "replay": str(replay.pk),
        "system": replay.system or "own",
        "since": replay.since.isoformat(),
        "state": replay.state,
        "entries": replay.entries,
        "taken_over_from_file": taken,
        "parts": replays.progress(replay),
        "waiting": [{"part": one.pk, "why": one.note} for one in waiting[:20]],
        "certificate": replay.certificate,
    }
