"""The ledger on the desk: the list, and the pages that enter, bring in and take out."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import cached_property

from audit.accountable import ReadOnly, colleague
from disclosures.admin import entering, taking
from disclosures.models import Disclosure

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


@admin.register(Disclosure)
class DisclosureAdmin(ReadOnly):
    """The ledger."""

    list_display = ("recipient", "subject", "purpose", "occasion", "source", "disclosed_at")
    list_filter = ("recipient", "purpose", "source")
    search_fields = ("subject__pk__exact",)
    search_help_text = "Whole id of a data subject"
    fields = (
        "recipient", "subject", "purpose", "categories", "occasion", "disclosed_at", "source", "reason", "recorded_at",
        "client",
    )  # fmt: skip
    readonly_fields = ("recorded_at",)
    follow = ("recipient", "subject", "purpose")
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
