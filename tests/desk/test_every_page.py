"""Generated over the registry of the desk: a new screen is tested before anybody remembers to."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from audit.accountable import Accountable
from requests_app import together
from retention.models import ScheduleVersion
from tests.desk.builders import browser, colleague, everything, posted, root, snapshot

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
EVIDENCE = {
    "requests_app.request", "requests_app.letter", "audit.event", "audit.sweeprun", "connectors.workorder",
    "connectors.batch", "connectors.legalhold", "disclosures.disclosure", "disclosures.notice", "consent.choice",
    "consent.announcement", "consent.launch", "disclosures.listchange", "disclosures.listmail", "disclosures.subscriber",
    "disclosures.instruction", "disclosures.clientanswer",
    "disclosures.standingdisclosure",
    "disclosures.errand",
    "disclosures.legaldemand",
    "disclosures.transaction", "disclosures.personnotice", "disclosures.roomitem",
    "disclosures.release", "disclosures.releaseproposal", "disclosures.privacybudget", "disclosures.budgetcharge",
    "retention.run", "subjects.datasubject",
    "retention.archive", "retention.replay", "retention.sealedentry", "retention.storedcopy",
    "retention.night", "retention.summary", "retention.revival",
    "connectors.rowhold",
}  # fmt: skip


def urls(model: type) -> list[str]:
    """Every page of a screen that can be opened: list, add, one record, its history."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    found = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
    row = model._default_manager.first()
    if row is not None:
        found += [reverse(f"{name}_{page}", args=(row.pk,)) for page in ("change", "history", "delete")]
    return found


def test_every_page_opens_for_who_may_do_everything_and_for_nobody_unknown(company, client):
    everything(company)
    before, boss, rooms = snapshot(), browser(root()), 0
    for model in MODELS:
        assert model._default_manager.exists(), f"there is no {model._meta.label}: everything() must make one"
        for url in urls(model):
            answer = boss.get(url)
            allowed = {200} if url.endswith(("/change/", "/history/")) or url.count("/") == 4 else {200, 403}
            assert answer.status_code in allowed, f"{url}: {answer.status_code}"
            stranger = client.get(url)
            assert stranger.status_code == 302 and stranger.url.startswith("/admin/login/"), url
            rooms += 1
    for url in (
        "/admin/",
        "/admin/assurance/",
        "/admin/law/",
        "/admin/law/?place=US-CA",
        "/admin/data-map/",
        "/admin/record/",
        "/admin/notices/drift/",
        "/admin/disclosures/disclosure/enter/",
        "/admin/disclosures/disclosure/import/",
        "/admin/disclosures/disclosure/account/",
        "/admin/disclosures/disclosure/california/",
        "/admin/disclosures/disclosure/third-parties/",
        "/admin/still-there/",
        "/admin/still-there/?reference=R-1",
        "/admin/kept/",
        "/admin/kept/library/",
        "/admin/kept/house/",
        f"/admin/kept/ahead/{ScheduleVersion.objects.first().pk}/",
        "/admin/kept/nights.csv",
        "/admin/retention/run/calendar/",
        "/admin/retention/run/calendar/?by=month",
    ):
        assert boss.get(url).status_code == 200
        assert client.get(url).url.startswith("/admin/login/")
    assert rooms > 80
    assert snapshot() == before, "a look changed something"


def test_nothing_is_deleted_in_passing(company, rf):
    everything(company)
    request = rf.get("/admin/")
    request.user = root()
    for model, screen in admin.site._registry.items():
        assert isinstance(screen, Accountable), f"{model._meta.label} has a screen that records nothing"
        assert set(screen.get_actions(request)) <= {one.name for one in together.DEEDS}, model
        assert not screen.has_delete_permission(request), model
        for inline in screen.get_inline_instances(request):
            assert not inline.can_delete, inline
        if model._meta.label_lower in EVIDENCE:
            row = model._default_manager.first()
            assert not screen.has_change_permission(request, row), model
    assert {model._meta.label_lower for model in MODELS} >= EVIDENCE


def test_deleting_by_hand_written_posts_is_refused(company):
    request = everything(company)
    boss = browser(root())
    for model in MODELS:
        row = model._default_manager.first()
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert boss.post(reverse(f"{name}_delete", args=(row.pk,)), {"post": "yes"}).status_code == 403, model
        boss.post(
            reverse(f"{name}_changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        )
        assert model._default_manager.filter(pk=row.pk).exists(), model
    assert request.pk


def test_every_screen_that_can_be_edited_saves_what_it_shows(company, rf):
    everything(company)
    boss_account, saved = root(), []
    boss, request = browser(boss_account), rf.get("/admin/")
    request.user = boss_account
    for model, screen in admin.site._registry.items():
        row = model._default_manager.first()
        if not screen.has_change_permission(request, row):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        url = reverse(f"{name}_change", args=(row.pk,))
        answer = boss.post(url, posted(boss.get(url)))
        assert answer.status_code == 302, (url, answer.context["errors"])
        assert answer.url == reverse(f"{name}_changelist"), url
        saved.append(model._meta.label_lower)
    assert {"inventory.collection", "inventory.system", "retention.scheduleversion", "auth.user"} <= set(saved)


@pytest.mark.parametrize("role", ["Agent", "Reviewer", "Privacy officer", "System owner", "Legal", "Auditor"])
def test_the_menu_leads_only_where_the_role_may_go(company, role):
    everything(company)
    desk = browser(colleague(role))
    home = desk.get("/admin/")
    links = [item["link"] for group in home.context["sidebar_navigation"] for item in group["items"]]
    assert links
    for link in [*links, *(card.url for card in home.context["cards"])]:
        assert desk.get(link).status_code == 200, link
    closed = {reverse("admin:connectors_connection_changelist"), reverse("admin:auth_user_changelist")}
    assert not closed & set(links)
    for link in closed:
        assert desk.get(link).status_code == 403


def test_who_is_not_staff_does_not_get_in(db, client):
    User.objects.create_user("ada", password="a long password")
    answer = client.post("/admin/login/", {"login": "ada", "password": "a long password"})
    assert answer.status_code == 200
    assert client.get("/admin/").status_code == 302
