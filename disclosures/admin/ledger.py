"""The ledger on the desk: the list, and the pages that enter, bring in and take out."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from unfold.decorators import display

from audit.accountable import Input, ReadOnly, Verb, colleague
from disclosures import retracting
from disclosures.admin import entering, taking
from disclosures.models import Disclosure, Retraction

MOST_LISTED = 1000


class Bounded(Paginator):
    """Counts no further than MOST_LISTED and offers no page beyond: nobody leafs through millions, so nobody pays for
    counting them.
    """

    @cached_property
    def count(self) -> int:
        """How many rows the pages hold."""
        rows: Any = self.object_list
        return len(rows) if isinstance(rows, list) else int(rows.order_by().values("pk")[:MOST_LISTED].count())


def _retraction(row: Disclosure) -> Retraction | None:
    return getattr(row, "retraction", None)


def _take_back(row: Disclosure, by: User, given: dict[str, str]) -> str:
    retracting.take_back(row, reason=given["reason"], by=by)
    return "It is taken back. The person and the lists no longer see it."


class TakenBack(admin.SimpleListFilter):
    """By whether an entry still holds."""

    title = "taken back"
    parameter_name = "taken_back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Taken back"), ("no", "Holds")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[Disclosure]") -> "QuerySet[Disclosure]":
        if self.value() == "yes":
            return rows.filter(retraction__isnull=False)
        return rows.filter(retraction__isnull=True) if self.value() == "no" else rows


@admin.register(Disclosure)
class DisclosureAdmin(ReadOnly):
    """The ledger."""

    list_display = ("recipient", "subject", "purpose", "occasion", "source", "disclosed_at", "shown_mark")
    list_filter = (TakenBack, "recipient", "purpose", "source")
    search_fields = ("subject__pk__exact",)
    search_help_text = "Whole id of a data subject"
    fields = (
        "recipient", "subject", "purpose", "categories", "occasion", "disclosed_at", "source", "reason", "recorded_at",
        "client",
    )  # fmt: skip
    readonly_fields = ("recorded_at", "shown_back")
    follow = ("recipient", "subject", "purpose", "retraction")
    verbs = (
        Verb("take_back", "Take it back", retracting.TAKE_BACK, _take_back,
             (Input("reason", "Why", tuple(Retraction.Reason.choices)),), style="danger",
             confirm="It stays here with a mark, and nobody can undo this. Recipients that were told because of it stay told.",
             shown=lambda row: _retraction(row) is None),
    )  # fmt: skip
    paginator = Bounded
    list_before_template = "admin/disclosures/disclosure/before_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("enter/", view(self.enter), name="disclosures_disclosure_enter"),
            path("import/", view(self.bring), name="disclosures_disclosure_import"),
            path("account/", view(self.account), name="disclosures_disclosure_account"),
            path("california/", view(self.california), name="disclosures_disclosure_california"),
            path("third-parties/", view(self.third_parties), name="disclosures_disclosure_third_parties"),
        ]
        return [*own, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        taken_back = obj is not None and _retraction(obj) is not None
        return ("shown_back", *self.fields) if taken_back else self.fields

    @display(description="Mark", label={"Taken back": "danger"})
    def shown_mark(self, row: Disclosure) -> str:
        return "Taken back" if _retraction(row) else ""

    @display(description="Taken back")
    def shown_back(self, row: Disclosure) -> str:
        found = _retraction(row)
        if found is None:
            return ""
        who = found.taken_back_by or found.client
        at = date_format(localtime(found.taken_back_at), "j F Y, H:i")
        return f"{found.get_reason_display()}. By {who}, {at}."

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = colleague(request).has_perm
        shown = {"may_enter": may(entering.ENTER), "may_take": may(taking.TAKE), "most": MOST_LISTED}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def enter(self, request: HttpRequest) -> HttpResponse:
        """A disclosure by hand."""
        return entering.enter(self, request)

    def bring(self, request: HttpRequest) -> HttpResponse:
        """A file of disclosures."""
        return entering.bring(self, request)

    def account(self, request: HttpRequest) -> Any:
        """The account of a period or a person, as a file."""
        return taking.account(self, request)

    def california(self, request: HttpRequest) -> HttpResponse:
        """California's lists of the last twelve months."""
        return taking.california(self, request)

    def third_parties(self, request: HttpRequest) -> HttpResponse:
        """The specific third parties that got one person's data, or anybody's."""
        return taking.third_parties(self, request)
