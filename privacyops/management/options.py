"""Options that several commands take: the categories that work is limited to, and the masks chosen for it."""

import json
from typing import Any

from django.core.management import CommandError
from django.core.management.base import CommandParser


def limits(parser: CommandParser) -> None:
    """Add --category and --mask."""
    parser.add_argument(
        "--category", action="append", default=[], metavar="KEY", help="only this data category and what is below it"
    )
    parser.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="TARGET=STRATEGY",
        help="category:contact=hash, collection:shop.orders=delete, or field:shop.people.mail={JSON}",
    )


def narrow(options: dict[str, Any]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """(categories, masks) of the given options. Raises CommandError for a mask that cannot be read."""
    masks = {}
    for one in options["mask"]:
        target, sign, strategy = one.partition("=")
        if not sign:
            raise CommandError(f"--mask {one}: write TARGET=STRATEGY, for example category:contact=hash.")
        try:
            masks[target] = json.loads(strategy) if strategy.startswith("{") else {"strategy": strategy}
        except json.JSONDecodeError as error:
            raise CommandError(f"--mask {target}: what follows = is not JSON (column {error.colno}).") from error
    return options["category"], masks
