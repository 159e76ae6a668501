"""The staff desk: the admin site, its navigation and its home."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from audit import assurance, log
from audit.accountable import colleague
from privacyops import kept
from privacyops.data_map.page import data_map
from privacyops.describing import describing
from privacyops.home import counts
from privacyops.lawbook import lawbook
from privacyops.letterbook import letterbook
from privacyops.noticeboard import pages, told
from privacyops.packs.page import fetch, packs
from privacyops.record.page import record
from privacyops.reports.page import reports, yearly
from privacyops.still_there import still_there
from privacyops.translating import translating
from requests_app import promises

QUEUE = "admin:requests_app_request"


class Desk(UnfoldAdminSite):
    """Django's admin with our theme. Sign-in limits come from axes."""

    index_title = "What needs me now"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("counts/", self.admin_view(self.counts), name="counts"),
            path("assurance/", self.admin_view(self.assurance), name="assurance"),
            path("law/", self.admin_view(self.law), name="law"),
            path("letters/", self.admin_view(self.letters), name="letters"),
            path("record/", self.admin_view(self.record), name="record"),
            path("reports/", self.admin_view(self.reports), name="reports"),
            path("reports/california/", self.admin_view(self.california), name="california"),
            path("notices/drift/", self.admin_view(self.notice_drift), name="notice_drift"),
            path("notices/<int:pk>/read/", self.admin_view(self.notice_read), name="notice_read"),
            path("notices/<int:pk>/names/", self.admin_view(self.notice_names), name="notice_names"),
            path("notices/told/<uuid:pk>/", self.admin_view(self.notice_told), name="notice_told"),
            path("packs/", self.admin_view(self.packs), name="packs"),
            path("packs/<uuid:pk>/", self.admin_view(fetch), name="pack"),
            path("data-map/", self.admin_view(self.data_map), name="data_map"),
            path("descriptions/", self.admin_view(self.descriptions), name="descriptions"),
            path("still-there/", self.admin_view(self.remaining), name="still_there"),
            path("kept/", self.admin_view(self.retention_proof), name="retention_proof"),
            path("kept/nights.csv", self.admin_view(self.retention_csv), name="retention_csv"),
            path("kept/library/", self.admin_view(self.retention_library), name="retention_library"),
            path("kept/ahead/<int:pk>/", self.admin_view(self.retention_ahead), name="retention_ahead"),
            path("kept/house/", self.admin_view(self.retention_house), name="retention_house"),
            path("our-words/", self.admin_view(self.translations), name="our_words"),
        ]
        urls: list[URLPattern] = [*own, *super().get_urls()]
        return urls

    def counts(self, request: HttpRequest) -> HttpResponse:
        """The numbers of the cards, for a page that stands open."""
        return counts(request)

    def law(self, request: HttpRequest) -> HttpResponse:
        """Rights and dates for a place, and the age of the statute files."""
        return lawbook(self, request)

    def letters(self, request: HttpRequest) -> HttpResponse:
        """What our letters say under each law and in each language, from invented data."""
        return letterbook(self, request)

    def record(self, request: HttpRequest) -> HttpResponse:
        """The record of processing activities."""
        return record(self, request)

    def reports(self, request: HttpRequest) -> HttpResponse:
        """A period in numbers."""
        return reports(self, request)

    def packs(self, request: HttpRequest) -> HttpResponse:
        """Packs of evidence for a regulator."""
        return packs(self, request)

    def notice_drift(self, request: HttpRequest) -> HttpResponse:
        """Where notices and what we do differ."""
        return pages.drift(self, request)

    def notice_read(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One version, to be read and decided on."""
        return pages.read(self, request, pk)

    def notice_names(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What one version names."""
        return pages.names(self, request, pk)

    def notice_told(self, request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
        """Who was told, as CSV."""
        return told.told(self, request, pk)

    def california(self, request: HttpRequest) -> HttpResponse:
        """The figures that California wants published each year."""
        return yearly(self, request)

    def data_map(self, request: HttpRequest) -> HttpResponse:
        """Systems, what they hold, and how one person's rows are found in them."""
        return data_map(self, request)

    def descriptions(self, request: HttpRequest) -> HttpResponse:
        """The inventory out as files, and descriptions in."""
        return describing(self, request)

    def translations(self, request: HttpRequest) -> HttpResponse:
        """The company's own words in the languages of the public pages."""
        return translating(self, request)

    def retention_proof(self, request: HttpRequest) -> HttpResponse:
        """What is past its date, night by night."""
        return kept.proof(self, request)

    def retention_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """The same as CSV."""
        return kept.nights_csv(request)

    def retention_library(self, request: HttpRequest) -> HttpResponse:
        """Common schedules with their sources."""
        return kept.library_page(self, request)

    def retention_ahead(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a version of a schedule would do."""
        return kept.ahead(self, request, pk)

    def retention_house(self, request: HttpRequest) -> HttpResponse:
        """How long the portal keeps its own things."""
        return kept.house(self, request)

    def remaining(self, request: HttpRequest) -> HttpResponse:
        """What still exists where of what was erased."""
        return still_there(self, request)

    def assurance(self, request: HttpRequest) -> HttpResponse:
        """Run every assurance check, and walk the event chain."""
        if not colleague(request).has_perm("audit.view_event"):
            raise PermissionDenied
        results = [(one, promises.run(one)) for one in assurance.checks()]
        faults = list(log.faults())[:20]
        context = {**self.each_context(request), "title": "Assurance checks", "results": results, "faults": faults}
        return TemplateResponse(request, "admin/assurance.html", context)


def stylesheet(request: HttpRequest) -> str:
    """Our additions to the theme."""
    return static("desk.css")


def keys(request: HttpRequest) -> str:
    """Shortcuts and live numbers."""
    return static("keys.js")


def icon(request: HttpRequest) -> str:
    """The mark in the browser's tab."""
    return static("icon.svg")
