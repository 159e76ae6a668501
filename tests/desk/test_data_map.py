"""The data map: what is held where, how one person's rows are found in it, and the picture of it."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from disclosures.models import Recipient
from inventory.models import DataCategory, System
from privacyops.data_map import drawing, facts
from privacyops.data_map.layout import HIGH, WIDE
from tests.desk.builders import browser, colleague
from tests.inventory.describing import HIRELINE, WHOLE, bring

pytestmark = pytest.mark.django_db
PAGE = "/admin/data-map/"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def officer(db):
    bring(HIRELINE.read_text(encoding="utf-8"))
    bring(WHOLE)
    return browser(colleague("Privacy officer"))


def many(tables: int) -> None:
    rows = ", ".join(
        f"{{name: t{at}, title: T, fields: [{{name: id, primary_key: true}}, {{name: mail, category: contact}}, "
        f"{{name: up, references: [big.t{max(at - 1, 0)}.id]}}]}}"
        for at in range(tables)
    )
    bring(f"systems: [{{key: big, name: Big, datasets: [{{key: big, name: Big, collections: [{rows}]}}]}}]")


def row(page: str, path: str) -> str:
    """The cells of one collection, as words."""
    found = next(
        one for one in re.findall(r"<tr>.*?</tr>", page, re.S) if f'<span class="po-muted">{path}</span>' in one
    )
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_the_page_says_what_is_held_where_and_how_it_is_found(officer):
    net = Recipient.objects.create(
        key="net", name="AdNet", role="third_party", kind="x", contact="a@b.example", country="US"
    )
    net.categories.add(DataCategory.objects.get(key="contact"))
    page = officer.get(PAGE).content.decode()
    account = row(page, "platform.accounts")
    assert "entered by an identifier email: email" in account and "E-mail address" in account and "AdNet" in account
    messages = row(page, "platform.messages")
    assert "reached by references platform.accounts.id by sender_account_id" in messages
    assert "Support and messages" in messages and "AdNet" not in messages
    assert "not searched: the client decides" in row(page, "people.people")
    assert "left out of searches" in row(page, "sales.queue")
    assert "not reached" in row(page, "sales.notes") and "searched both ways" in row(page, "sales.notes")
    assert "Health special category" in row(page, "sales.lines") and "not said" in row(page, "sales.lines")
    assert "2 not reached" in page and "of the client Northwind" in page
    for words in ("Platform team", "EU (Frankfurt)", "From outside sources (a vendor)"):
        assert words in page


def test_the_picture_has_a_box_for_each_collection_and_an_arrow_for_each_reference(officer):
    answer = officer.get(f"{PAGE}?as=svg")
    assert answer["Content-Type"].startswith("image/svg+xml") and "data-map-2" in answer["Content-Disposition"]
    drawn = ElementTree.fromstring(answer.content)
    said = [one.text or "" for one in drawn.iter(f"{SVG}title")]
    assert "platform.accounts: Your account; entered by an identifier (email)" in said
    assert "sales.lines.shop_no refers to sales.orders.shop_no; sales.lines.order_no refers to sales.orders.nr" in said
    assert len(drawn.findall(f"{SVG}g")) == len(facts.read().tables)
    assert "20 collections in 6 systems" in next(drawn.iter(f"{SVG}desc")).text


def test_boxes_do_not_lie_on_each_other_and_all_are_in_the_picture(officer):
    many(40)
    plan = drawing.draw(facts.read()).plan
    for one, other in combinations(plan.boxes, 2):
        assert abs(one.x - other.x) >= WIDE or abs(one.y - other.y) >= HIGH, (one.key, other.key)
    for one in plan.boxes:
        assert 0 <= one.x <= plan.wide - WIDE and 0 <= one.y <= plan.high - HIGH
    assert len({one.y for one in plan.bands}) == len(System.objects.all())


def test_many_collections_are_drawn_as_systems_and_one_system_by_itself(officer):
    many(70)
    whole = officer.get(PAGE).content.decode()
    assert "8 systems with 90 collections" in whole and "choose a system" in whole
    assert "big.t69: T" not in whole and 'href="?system=big"' in whole and "The others stand on the pages" in whole
    one = officer.get(f"{PAGE}?system=shop").content.decode()
    assert (
        "sales.lines: Lines of your orders" in one and "people.people: People" in one and "platform.accounts" not in one
    )
    assert officer.get(f"{PAGE}?system=nowhere").status_code == 404
    assert officer.get(f"{PAGE}?as=pdf").status_code == 404
    assert officer.get(f"{PAGE}?as=svg&system=big").content.count(b"<g ") == 70


def test_the_number_of_queries_does_not_grow(officer):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert officer.get(PAGE).status_code == 200
        return len(seen)

    officer.get(PAGE)
    few = queries()
    many(50)
    queries()
    assert queries() <= few


def test_names_can_neither_break_the_picture_nor_the_page(officer):
    System.objects.filter(key="shop").update(name="</text><script>alert(1)</script>\x01\ufffe & \"'")
    many(1)
    for url in (PAGE, f"{PAGE}?system=shop", f"{PAGE}?as=svg"):
        answer = officer.get(url)
        assert answer.status_code == 200 and b"<script>alert" not in answer.content
    ElementTree.fromstring(answer.content)


def test_an_empty_inventory_has_a_page_and_who_may_not_see_purposes_has_none(db):
    assert "Nothing is described yet" in browser(colleague("Auditor")).get(PAGE).content.decode()
    assert browser(colleague("System owner")).get(PAGE).status_code == 403
