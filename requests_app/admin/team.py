"""The team on the desk: the rules by which requests find their owner, who is away, and one page about everybody."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

import law
from audit.accountable import Accountable, Verb, colleague
from audit.refusal import Refused
from requests_app import absences, assignment, digests, laws
from requests_app.models import Absence, AssignmentRule, Request, Right, State

Ticks = UnfoldAdminCheckboxSelectMultipleWidget


class RuleForm(forms.ModelForm):
    """Says what does not fit, beside the field."""

    rights = forms.MultipleChoiceField(
        required=False, choices=Right.choices, widget=Ticks, help_text="None ticked: any right."
    )
    languages = forms.MultipleChoiceField(
        required=False, choices=settings.LANGUAGES, widget=Ticks, help_text="None ticked: any language."
    )

    class Meta:
        model = AssignmentRule
        fields = ("name", "place", "active", "rights", "regions", "languages", "pick", "people")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "people" in self.fields:
            people: Any = self.fields["people"]
            kept = self.instance.people.values("pk") if self.instance.pk else []
            people.queryset = User.objects.filter(Q(pk__in=assignment.able().values("pk")) | Q(pk__in=kept)).order_by(
                "first_name", "username"
            )
            people.label_from_instance = absences.name

    def clean_regions(self) -> str:
        """Codes of places, one after the other."""
        given = str(self.cleaned_data["regions"]).upper().replace(",", " ").split()
        known = {code for code, _ in law.residences()}
        wrong = [one for one in given if one not in known and not any(code.startswith(f"{one}-") for code in known)]
        if wrong:
            raise ValidationError(
                f"No place is called {', '.join(wrong)}. Write codes: DE FR US-CA, or US for all states."
            )
        return " ".join(dict.fromkeys(given))


@admin.register(AssignmentRule)
class AssignmentRuleAdmin(Accountable):
    """To whom new requests go. The first rule that fits, and has somebody there, decides."""

    form = RuleForm
    list_display = ("name", "place", "when", "pick", "who", "active")
    list_editable = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("people")

    @display(description="When")
    def when(self, rule: AssignmentRule) -> str:
        labels = dict(Right.choices)
        parts = [", ".join(str(labels.get(one, one)) for one in rule.rights), rule.regions, ", ".join(rule.languages)]
        return "; ".join(one for one in parts if one) or "always"

    @display(description="Among")
    def who(self, rule: AssignmentRule) -> str:
        return ", ".join(absences.name(one) for one in rule.people.all())


class AbsenceForm(forms.ModelForm):
    """Says beside the field what is wrong with a day or a stand-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("person", "stand_in"):
            if name in self.fields:
                field: Any = self.fields[name]
                field.queryset = User.objects.filter(is_staff=True, is_active=True).order_by("first_name", "username")
                field.label_from_instance = absences.name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if all(data.get(one) for one in ("starts_on", "ends_on")) and (data.get("person") or self.instance.person_id):
            row = Absence(
                person=data.get("person") or self.instance.person, starts_on=data["starts_on"],
                ends_on=data["ends_on"], stand_in=data.get("stand_in"),
            )  # fmt: skip
            try:
                absences.check(row)
            except Refused as refused:
                self.add_error(refused.field, refused.message)
        return data


def _back(row: Absence, by: User, given: dict[str, str]) -> str:
    absences.back(row, by=by)
    return "New requests are given to them again."


@admin.register(Absence)
class AbsenceAdmin(Accountable):
    """Who is away, and who gets their new requests meanwhile."""

    form = AbsenceForm
    records = False
    list_display = ("who", "starts_on", "ends_on", "stands", "cancelled")
    fields = ("person", "starts_on", "ends_on", "stand_in")
    list_select_related = ("person", "stand_in")
    verbs = (Verb("back", "They are back", "requests_app.change_absence", _back, shown=lambda one: not one.cancelled),)

    @display(description="Colleague", ordering="person")
    def who(self, row: Absence) -> str:
        return absences.name(row.person)

    @display(description="Stand-in")
    def stands(self, row: Absence) -> str:
        return absences.name(row.stand_in) if row.stand_in else "nobody"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("person",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        absences.keep(obj, by=colleague(request))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("team/", wrap(self.team), name="requests_app_absence_team"),
            path("team/away/", wrap(self.mine), name="requests_app_absence_mine"),
            path("team/mail/", wrap(self.daily), name="requests_app_absence_mail"),
        ]
        return [*own, *super().get_urls()]

    def team(self, request: HttpRequest, given: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
        """Everybody who works on requests: how much they have, and who is away. What concerns oneself is set here."""
        user = colleague(request)
        if not user.has_perm("requests_app.view_request"):
            raise PermissionDenied
        today = laws.today()
        context = {
            **self.admin_site.each_context(request), "title": "Team", "lines": lines(today), "given": given or {},
            "daily": digests.chosen(user), "unsent": digests.unsent(today).get(user.pk),
            "me": user, "mine": absences.away(today).get(user.pk), "today": today,
            "coming": Absence.objects.filter(person=user, starts_on__gt=today, cancelled=False).order_by("starts_on"),
            "others": [(str(one.pk), absences.name(one)) for one in assignment.able().exclude(pk=user.pk)],
            "may_manage": user.has_perm(absences.MANAGE),
        }  # fmt: skip
        return TemplateResponse(request, "admin/requests_app/team.html", context, status=status)

    def mine(self, request: HttpRequest) -> HttpResponse:
        """One's own absence: entered, or ended because one is back."""
        user = colleague(request)
        if not user.has_perm("requests_app.view_request"):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:requests_app_absence_team")
        try:
            if request.POST.get("back"):
                row = Absence.objects.filter(pk=_number(request.POST["back"]), person=user, cancelled=False).first()
                if row is not None:
                    absences.back(row, by=user)
                messages.success(request, "Welcome back. New requests are given to you again.")
            else:
                absences.keep(_read(user, request.POST), by=user)
                messages.success(request, "Entered. No new request is given to you while you are away.")
        except Refused as refused:
            messages.error(request, refused.message)
            return self.team(request, {key: str(value) for key, value in request.POST.items()}, 422)
        return redirect("admin:requests_app_absence_team")

    def daily(self, request: HttpRequest) -> HttpResponse:
        """Whether one wants the daily mail."""
        user = colleague(request)
        if not user.has_perm("requests_app.view_request"):
            raise PermissionDenied
        if request.method == "POST":
            try:
                digests.choose(user, daily=request.POST.get("daily") == "1")
                messages.success(request, "Kept.")
            except Refused as refused:
                messages.error(request, refused.message)
                return self.team(request, status=422)
        return redirect("admin:requests_app_absence_team")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _read(user: User, given: Any) -> Absence:
    days: dict[str, date] = {}
    for name, words in (("starts_on", "first"), ("ends_on", "last")):
        try:
            days[name] = date.fromisoformat(given.get(name, ""))
        except ValueError:
            raise Refused(f"Give the {words} day of your absence.", code="absence_days", field=name) from None
    key = _number(given.get("stand_in", ""))
    stand_in = assignment.able().filter(pk=key).first() if key else None
    if key and stand_in is None:
        raise Refused("Choose a stand-in of the list.", code="stand_in", field="stand_in")
    return Absence(person=user, stand_in=stand_in, **days)


def lines(today: date) -> list[dict[str, Any]]:
    """A line for each colleague who works on requests. Four queries, however many there are."""
    now = timezone.now()
    rows = Request.objects.exclude(state=State.CLOSED).exclude(owner=None).values("owner")
    counts = rows.annotate(
        many=Count("pk"), late=Count("pk", filter=Q(due_at__lte=now)),
        soon=Count("pk", filter=Q(due_at__gt=now, due_at__lte=now + timedelta(days=7))),
    )  # fmt: skip
    found = {one["owner"]: one for one in counts.order_by()}
    away, unsent = absences.away(today), digests.unsent(today)
    return [
        {
            "person": one,
            "name": absences.name(one),
            "unsent": unsent.get(one.pk),
            "count": found.get(one.pk, {}),
            "away": away.get(one.pk),
        }
        for one in assignment.able().order_by("first_name", "username")
    ]
