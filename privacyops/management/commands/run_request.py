"""`manage.py run_request --right access --email ...`: one request to its end, its outcome as JSON.

Exit status: 0 closed, 3 it stopped where a person must look (the JSON says why). Nothing is decided by the program: name the
colleagues who vouch, propose and approve; their roles must allow it.
"""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from audit.refusal import Refused
from privacyops import headless
from privacyops.management.options import limits, narrow
from requests_app import delivery, proof
from requests_app.intake import Submission
from requests_app.models import Parcel, Request, State


class Command(BaseCommand):
    help = "Run one rights request to its end in this process and print its outcome as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--right", required=True, help="access, delete, correct, opt_out_sale")
        parser.add_argument("--email", required=True)
        parser.add_argument(
            "--identifier", action="append", default=[], metavar="KIND=VALUE", help="further identifiers"
        )
        parser.add_argument("--name", default="")
        parser.add_argument("--residence", required=True, help="ISO 3166: DE, US-CA ...")
        parser.add_argument("--change", action="append", default=[], metavar="ATTRIBUTE=VALUE", help="for a correction")
        parser.add_argument("--propose-as", required=True, metavar="USER", help="vouches for the identity and proposes")
        parser.add_argument("--approve-as", metavar="USER", help="approves; an erasure needs somebody else")
        parser.add_argument("--method", default="data_compared", choices=sorted(proof.METHODS))
        parser.add_argument("--package", type=Path, metavar="FILE", help="write the package here")
        parser.add_argument("--seconds", type=float, default=600, help="give up waiting after so long")
        limits(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        who = headless.Colleagues(
            _colleague(options["propose_as"]),
            _colleague(options["approve_as"]) if options["approve_as"] else None,
            options["method"],
        )
        try:
            request = headless.run(_submission(options), who, seconds=options["seconds"])
        except Refused as error:
            raise CommandError(error.message) from error
        if options["package"]:
            _write(request, options["package"], who.approver or who.proposer)
        self.stdout.write(json.dumps(headless.outcome(request), indent=2))
        if request.state != State.CLOSED:
            raise SystemExit(3)


def _submission(options: dict[str, Any]) -> Submission:
    categories, masks = narrow(options)
    return Submission(
        right=options["right"],
        email=options["email"],
        name=options["name"],
        residence=options["residence"],
        channel=Request.Channel.API,
        changes=dict(_pair(one, "--change") for one in options["change"]),
        identifiers=dict(_pair(one, "--identifier") for one in options["identifier"]),
        categories=tuple(categories),
        masks=masks,
    )


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"{option} {name}: write NAME=VALUE.")
    return name, value


def _colleague(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True, is_staff=True).first()
    if found is None:
        raise CommandError(f"There is no colleague {name!r} who may sign in to the desk.")
    return found


def _write(request: Request, path: Path, by: User) -> None:
    parcel = Parcel.objects.filter(request=request, state=Parcel.State.READY).first()
    if parcel is None:
        raise CommandError("There is no package to write; the outcome says why.")
    try:
        pieces = delivery.take_over(parcel, by=by)
        with path.open("xb") as out:
            for piece in pieces:
                out.write(piece)
    except (Refused, OSError) as error:
        raise CommandError(f"The package was not written: {error}") from error
