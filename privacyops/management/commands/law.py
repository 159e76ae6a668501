"""`manage.py law check | show PLACE | docs`: how old the statute files are, what they say for a place, the reference."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

import law
from law import explain, tables
from requests_app import laws

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "law.md"
TITLE = """# Laws: the reference

Generated from `law/statutes/` by `manage.py law docs`; do not edit it by hand. How days are counted, what each key of a file
means and how to add a law stands in [law/README.md](../law/README.md). Research, not legal advice.

"""


class Command(BaseCommand):
    help = "Check the age of the statute files, show what holds for a place, or write the reference."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        check = what.add_parser("check", help="list the statutes by the age of their last check")
        check.add_argument("--days", type=int, default=180, help="fail if a check is older than so many days")
        show = what.add_parser("show", help="rights and dates for a place of residence, such as DE or US-CA")
        show.add_argument("place")
        what.add_parser("docs", help="write docs/law.md from the files")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            law.statutes()
        except law.StatuteError as error:
            raise CommandError(str(error)) from error
        {"check": self.check_age, "show": self.show, "docs": self.write}[options["what"]](options)

    def check_age(self, options: dict[str, Any]) -> None:
        """The oldest first; exit with an error if one is too old."""
        rows = tables.by_age(timezone.localdate())
        for age, one in rows:
            low = [path for path, mark in tables.unsure(one) if mark == "low"]
            self.stdout.write(
                f"{age:>5} days  {one.id:<20} {one.checked_on}  {one.confidence:<7} {len(low)} points of low confidence"
            )
        old = [one.id for age, one in rows if age > options["days"]]
        if old:
            raise CommandError(
                f"Not compared with their sources for more than {options['days']} days: {', '.join(old)}."
            )
        self.stdout.write(f"{len(rows)} statutes, all checked within {options['days']} days.")

    def show(self, options: dict[str, Any]) -> None:
        """Laws, rights and the dates of a request of today."""
        try:
            found = explain.explain(
                options["place"], timezone.localdate(), laws.establishment(), facts=settings.COMPANY_FACTS
            )
        except law.UnknownResidence as error:
            raise CommandError(str(error)) from error
        for lines in found:
            self.stdout.write(f"{lines.statute.name} ({lines.statute.citation}); regulator: {lines.regulator[0]}")
            for one in lines.rights:
                mark = "" if one.sure else "  [low confidence]"
                self.stdout.write(f"  {one.label:<36} {one.term:<18} by {one.dates.respond_on}  {one.rule.cite}{mark}")

    def write(self, options: dict[str, Any]) -> None:
        """The reference as Markdown."""
        DOCUMENT.write_text(TITLE + tables.document(), encoding="utf-8")
        self.stdout.write(f"{DOCUMENT.relative_to(settings.BASE_DIR)} is written: {len(law.statutes())} laws.")
