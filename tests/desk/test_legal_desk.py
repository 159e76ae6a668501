"""Legal demands and transactions on the desk, by what colleagues see and press."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from disclosures.demands import checklists
from disclosures.models import DemandPerson, LegalDemand, RoomItem, Transaction
from tests.desk.builders import browser, colleague
from tests.disclosures import legal
from tests.disclosures.builders import Post, category, person

pytestmark = pytest.mark.django_db
LIST, ADD = reverse("admin:disclosures_legaldemand_changelist"), reverse("admin:disclosures_legaldemand_add")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DEMAND_DIR = tmp_path / "demands"


@pytest.fixture
def post(settings):
    server = Post()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server
    server.stop()


@pytest.fixture
def officer():
    return colleague("Privacy officer", "olga")


@pytest.fixture
def counsel():
    return colleague("Legal", "lena")


def page(demand) -> str:
    return reverse("admin:disclosures_legaldemand_change", args=(demand.pk,))


def part(demand, name: str) -> str:
    return reverse("admin:disclosures_legaldemand_part", args=(demand.pk, name))


def do(demand, verb: str) -> str:
    return reverse("admin:disclosures_legaldemand_do", args=(demand.pk, verb))


def form(**more: str) -> dict[str, object]:
    today = timezone.localdate()
    now = timezone.localtime()
    return {
        "kind": "subpoena", "authority_name": "Superior Court", "country": "us", "jurisdiction": "San Francisco",
        "received_at_0": now.strftime("%Y-%m-%d"), "received_at_1": now.strftime("%H:%M:%S"), "channel": "served",
        "due_on": (today + timedelta(days=9)).isoformat(), "legal_basis": "Cal. Code Civ. Proc. § 1985",
        "asks": "All of Ada.", "asked": [category("contact").pk], "_save": "1",
    } | more  # fmt: skip


def test_a_demand_is_registered_checked_scoped_approved_sealed_and_left(officer, counsel):
    olga, lena = browser(officer), browser(counsel)
    answer = olga.post(ADD, form())
    assert answer.status_code == 302, answer.context["errors"]
    demand = LegalDemand.objects.get()
    assert (demand.country, demand.authority.name, demand.registered_by) == ("US", "Superior Court", officer)
    person()
    assert olga.post(part(demand, "person"), {"kind": "email", "value": "ada@example.org"}).status_code == 302
    yes = {f"answer-{one.key}": "yes" for one in checklists.questions("subpoena")}
    assert olga.post(part(demand, "checks"), yes).status_code == 302
    scope = {"given": [category("contact").pk], "scope_note": "All is needed.", "notify": "never"}
    answer = olga.post(part(demand, "scope"), scope)
    assert answer.status_code == 422 and "All is needed." in answer.content.decode(), "what was typed comes back"
    assert olga.post(part(demand, "scope"), scope | {"never_code": "knows"}).status_code == 302
    assert olga.post(do(demand, "approve")).status_code == 403
    assert lena.post(do(demand, "approve")).status_code == 302
    file = SimpleUploadedFile("ada.csv", b"name;mail\r\n")
    assert olga.post(part(demand, "seal"), {"file": file}).status_code == 302
    text = olga.get(page(demand)).content.decode()
    assert demand.files.get().digest in text and "ada.csv" in text
    assert olga.post(do(demand, "disclose")).status_code == 302
    demand.refresh_from_db()
    assert demand.state == "disclosed"
    fetched = olga.post(reverse("admin:disclosures_legaldemand_file", args=(demand.pk, 1)))
    assert b"".join(fetched.streaming_content) == b"name;mail\r\n" and "no-store" in fetched["Cache-Control"]
    assert olga.get(reverse("admin:disclosures_legaldemand_file", args=(demand.pk, 1))).status_code == 405


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"country": "4D"}, "two letters"), ({"due_on": "2020-01-01"}, "due before"), ({"asked": []}, "required"),
     ({"gag": "on"}, "on which day the gag ends")],
)  # fmt: skip
def test_a_form_that_cannot_be_kept_says_what_is_wrong(officer, wrong, words):
    answer = browser(officer).post(ADD, form(**wrong))
    assert answer.status_code == 200 and words in answer.content.decode()
    assert not LegalDemand.objects.exists()


def test_who_prepared_it_is_offered_no_approval(counsel):
    demand = legal.scoped(counsel)
    lena = browser(counsel)
    assert "Approve" not in [one.verb.label for one in lena.get(page(demand)).context["verbs"]]
    assert "yourself" in lena.post(do(demand, "approve"), follow=True).content.decode()


def test_who_works_on_requests_sees_no_demand_and_an_auditor_reads_no_words(counsel):
    demand = legal.checked(counsel)
    agent = browser(colleague("Agent"))
    for url in (LIST, page(demand), reverse("admin:disclosures_legaldemand_verify"),
                reverse("admin:disclosures_legaldemand_transparency")):  # fmt: skip
        assert agent.get(url).status_code == 403, url
    assert agent.post(part(demand, "checks"), {}).status_code == 403
    text = browser(colleague("Auditor")).get(page(demand)).content.decode()
    assert demand.reference in text and "Richter" not in text and "messages of Ada" not in text
    assert "Richter" in browser(counsel).get(page(demand)).content.decode()


def test_no_page_names_the_person_by_more_than_their_number(counsel):
    demand = legal.scoped(counsel)
    assert "ada@example.org" not in browser(counsel).get(page(demand)).content.decode()


def test_a_file_is_verified_against_the_register_and_forgotten(counsel, officer):
    demand = legal.disclosed(officer, counsel, notify="never", never="knows")
    lena, url = browser(counsel), reverse("admin:disclosures_legaldemand_verify")
    same = lena.post(url, {"file": SimpleUploadedFile("x.csv", b"name;mail\r\n")}).content.decode()
    assert "bit for bit" in same and demand.reference in same
    other = lena.post(url, {"file": SimpleUploadedFile("x.csv", b"name;mail\n")}).content.decode()
    assert "No file with this digest" in other
    assert "bit for bit" in lena.post(url, {"digest": demand.files.get().digest.upper()}).content.decode()
    assert lena.post(url, {"digest": "abc"}).status_code == 422


def test_the_transparency_report_is_exact_in_the_house_and_a_csv(counsel):
    legal.registered(counsel, "national_security", country="FR")
    lena, url = browser(counsel), reverse("admin:disclosures_legaldemand_transparency")
    assert "National security process" in lena.get(url).content.decode()
    year = str(timezone.localdate().year)
    assert "national_security,FR,1" in lena.get(url, {"period": year, "as": "csv"}).content.decode()
    assert ",FR," not in lena.get(url, {"period": year, "as": "public"}).content.decode()
    assert lena.get(url, {"period": "x"}).status_code == 404 == lena.get(url, {"as": "doc"}).status_code


def test_the_home_says_what_waits_and_leads_there(counsel, officer):
    demand = legal.scoped(officer)
    LegalDemand.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    lena = browser(counsel)
    cards = {one.label: one for one in lena.get("/admin/").context["cards"]}
    for label in ("Legal demands overdue", "Legal demands to approve"):
        assert cards[label].count == 1
        assert demand.reference in lena.get(cards[label].url).content.decode()
    assert "Legal demands overdue" not in {
        one.label for one in browser(colleague("Agent")).get("/admin/").context["cards"]
    }


@pytest.mark.parametrize("name", ["legaldemand", "transaction", "personnotice", "roomitem"])
def test_a_list_costs_the_same_however_long_it_is(counsel, officer, post: Post, name, django_assert_max_num_queries):
    def more(mail: str) -> None:
        legal.approved(officer, counsel, mail=mail)
        row = legal.transaction(officer, mails=(mail,))
        RoomItem.objects.create(transaction=row, level="aggregate", what="x", shown_to="y", asked_by=officer)

    more("a@example.org")
    lena, url = browser(counsel), reverse(f"admin:disclosures_{name}_changelist")
    lena.get(url)
    with django_assert_max_num_queries(40) as first:
        lena.get(url)
    for number in range(8):
        more(f"p{number}@example.org")
    with django_assert_max_num_queries(len(first) + 3):  # what is kept for some seconds may be read anew
        assert lena.get(url).status_code == 200


def test_a_demand_with_many_people_costs_as_much_as_one_with_one(counsel, django_assert_max_num_queries):
    demand = legal.scoped(counsel)
    lena = browser(counsel)
    lena.get(page(demand))
    with django_assert_max_num_queries(60) as first:
        lena.get(page(demand))
    for number in range(20):
        DemandPerson.objects.create(demand=demand, subject=person(f"p{number}@example.org"))
    with django_assert_max_num_queries(len(first) + 3):
        lena.get(page(demand))


def test_a_transaction_is_entered_told_and_closed_with_buttons(counsel, officer, post: Post):
    olga, lena = browser(officer), browser(counsel)
    today = timezone.localdate()
    add = {"name": "Project Heron", "kind": "merger", "party_name": "Heron SE", "party_country": "de",
           "party_contact": "dpo@heron.example", "use_changes": "on", "offers_choice": "on",
           "about": "Heron SE takes over.", "categories": [category("contact").pk], "_save": "1"}  # fmt: skip
    url = reverse("admin:disclosures_transaction_add")
    answer = olga.post(url, add | {"offers_choice": ""})
    assert answer.status_code == 200 and "get a choice" in answer.content.decode()
    assert olga.post(url, add).status_code == 302
    row = Transaction.objects.get()
    own = reverse("admin:disclosures_transaction_change", args=(row.pk,))

    def press(client, where: str, name: str, /, **data):
        return client.post(reverse(f"admin:disclosures_transaction_{where}", args=(row.pk, name)), data)

    assert press(olga, "part", "dataset", dataset=legal.dataset().pk).status_code == 302
    person("ada@example.org")
    person("bob@example.org")
    assert press(olga, "part", "everybody").status_code == 302
    lines = SimpleUploadedFile("list.txt", b"eve@example.org\n")
    assert press(olga, "part", "listed", kind="email", file=lines).status_code == 302
    assert press(olga, "part", "show", level="personal", what="Contracts", shown_to="Ms Falk").status_code == 422
    assert press(olga, "part", "show", level="aggregate", what="Head counts", shown_to="Ms Falk").status_code == 302
    assert press(olga, "do", "sign", on=today.isoformat()).status_code == 302
    assert press(olga, "do", "tell", object_until=(today + timedelta(days=40)).isoformat()).status_code == 302
    legal.deliver()
    assert len(post.got) == 3
    assert press(olga, "part", "object", kind="email", value="bob@example.org").status_code == 302
    taken = olga.post(reverse("admin:disclosures_transaction_left_out", args=(row.pk,)), {"clear": "on"})
    assert b"bob@example.org" in b"".join(taken.streaming_content)
    legal.days_pass(row)
    assert press(olga, "do", "propose").status_code == 302
    assert press(olga, "do", "approve").status_code == 403
    assert press(lena, "do", "approve").status_code == 302
    text = olga.get(own).content.decode()
    assert "I handed it over" in text and "bob@example.org" not in text
    signed = {"row": row.datasets.get().pk, "people": "2", "left_out": "1"}
    assert press(olga, "part", "hand-over", **signed).status_code == 302
    assert Event.objects.filter(name="transaction.dataset_handed").exists()


def test_personal_data_in_a_data_room_is_decided_by_somebody_else(counsel, officer):
    row = legal.transaction(officer)
    item = RoomItem.objects.create(transaction=row, level="personal", what="Contracts", shown_to="Ms Falk",
                                   reason="The board", reasoned=True, asked_by=officer)  # fmt: skip
    url = reverse("admin:disclosures_roomitem_do", args=(item.pk, "allow"))
    assert browser(officer).post(url).status_code == 403
    assert browser(counsel).post(url).status_code == 302
    item.refresh_from_db()
    assert item.shown_at is not None and item.approved_by == counsel
