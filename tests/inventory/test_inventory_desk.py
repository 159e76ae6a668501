"""Colleagues edit the inventory on the desk under the same checks as a file, and take it out and bring it in there."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Event
from inventory import descriptions
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from tests.desk.builders import browser, colleague, posted, root
from tests.inventory.describing import BAKERY, WHOLE, bring, line_of

pytestmark = pytest.mark.django_db
PAGE = "/admin/descriptions/"


@pytest.fixture
def boss():
    bring(WHOLE)
    return browser(root())


def save(boss, row: object, **changes: str):
    """Send a change page back as a browser would, with some inputs changed; "" clears one."""
    url = f"/admin/inventory/{row._meta.model_name}/{row.pk}/change/"
    form = posted(boss.get(url))
    for name, value in changes.items():
        form[name.replace("__", "-")] = value
    return boss.post(url, {key: value for key, value in form.items() if value != ""})


def told(answer) -> str:
    assert answer.status_code == 200, "it should be refused"
    return answer.content.decode()


def field(path: str) -> Field:
    _, collection, name = path.split(".")
    return Field.objects.get(collection__name=collection, name=name)


def test_a_reference_is_written_by_paths_and_refused_in_words(boss):
    form = {"field": "sales.notes.at", "target": "people.people.nr", "direction": "up"}
    assert boss.post("/admin/inventory/reference/add/", form).status_code == 302
    made = Reference.objects.get(field__name="at")
    assert (made.target.name, made.direction) == ("nr", "up")
    assert Event.objects.filter(name="desk.added", noun="inventory.reference").exists()
    for change, words in (
        ({"target": "people.people.nix"}, "There is no field people.people.nix."),
        ({"target": "sales.notes.at"}, "A field cannot refer to itself."),
        ({}, "already exists"),
        (
            {"field": "sales.lines.article", "target": "sales.orders.nr", "group": "order", "direction": "up"},
            "go another way",
        ),
    ):
        assert words in told(boss.post("/admin/inventory/reference/add/", form | change))
    page = boss.get("/admin/inventory/reference/").content.decode()
    assert "sales.notes.at" in page and "people.people.nr" in page


def test_a_reference_is_changed_and_removed_and_both_are_events(boss):
    made = Reference.objects.get(field__name="to_no")
    assert save(boss, made, direction="up", target="people.people.mail").status_code == 302
    made.refresh_from_db()
    assert (made.direction, made.target.name) == ("up", "mail")
    answer = boss.post(f"/admin/inventory/reference/{made.pk}/do/remove/")
    assert answer.status_code == 302 and answer.url == "/admin/inventory/reference/"
    assert not Reference.objects.filter(pk=made.pk).exists()
    assert Event.objects.get(name="inventory.reference_removed").noun == "inventory.field"
    viewer = browser(colleague("Auditor"))
    other = Reference.objects.filter(group="").first()
    assert viewer.get(f"/admin/inventory/reference/{other.pk}/change/").status_code == 200
    assert viewer.post(f"/admin/inventory/reference/{other.pk}/do/remove/").status_code == 403
    one = Reference.objects.filter(group="order").first()
    boss.post(f"/admin/inventory/reference/{one.pk}/do/remove/")
    assert not Reference.objects.filter(group="order").exists(), "what is left of a key leads to more than the key"
    assert Event.objects.filter(name="inventory.reference_removed").count() == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mask": '{"strategy": "shred"}'}, "There is no masking strategy"),
        ({"person": "nobody"}, "is not a field of the collection."),
        ({"suppress": "true"}, "Must say the value to be written"),
        ({"length": "0"}, "Must be 1 or more."),
        ({"primary_key": "on", "mask": '{"strategy": "null"}'}, "A key is never masked"),
    ],
)
def test_a_field_is_checked_as_in_a_file(boss, changes, words):
    assert words in told(save(boss, field("sales.notes.words"), **changes)).replace("&#x27;", "'")
    assert (
        save(boss, field("sales.notes.words"), mask='{"strategy": "truncate", "characters": 2}', length="9").status_code
        == 302
    )
    assert field("sales.notes.words").mask == {"strategy": "truncate", "characters": 2}
    before = descriptions.export()
    bring(before)
    assert descriptions.export() == before


def test_a_fields_page_takes_its_references(boss):
    words = field("sales.notes.words")
    answer = save(boss, words, references__TOTAL_FORMS="1", references__0__target="people.people.nr",
                  references__0__direction="both", references__0__field=str(words.pk))  # fmt: skip
    assert answer.status_code == 302
    assert Reference.objects.get(field=words).direction == "both"


def test_a_collection_is_checked_with_its_fields(boss):
    notes = Collection.objects.get(name="notes")
    assert "is not a field of the collection." in told(save(boss, notes, **{"collection-dated_by": "when"}))
    row = next(at for at, one in enumerate(notes.fields.order_by("pk")) if one.name == "words")
    assert "is not a field of the collection." in told(save(boss, notes, **{f"fields-{row}-person": "somebody"}))
    assert "No field has primary_key: true" in told(save(boss, notes, **{"fields-0-primary_key": ""}))
    assert "Say why rows are kept" in told(save(boss, notes, **{"collection-keep_ground": ""}))
    lost = told(save(boss, notes, **{"collection-erase_after": "sales.lost"}))
    assert "There is no collection &#x27;sales.lost&#x27;" in lost
    circle = told(save(boss, notes, **{"collection-erase_after": "sales.lines"}))
    assert "sales.lines after sales.notes" in circle or "sales.notes after sales.lines" in circle
    assert save(boss, notes, **{"collection-erase_after": "sales.queue\nsales.orders"}).status_code == 302
    notes.refresh_from_db()
    assert notes.erase_after == ["sales.queue", "sales.orders"]
    orders = Collection.objects.get(name="orders")
    assert "Remove that reference first." in told(save(boss, orders, **{"collection-skip": "on"}))


def test_a_dataset_and_a_category_are_checked_too(boss):
    people = Dataset.objects.get(key="people")
    assert "There is no dataset" in told(save(boss, people, after="crm"))
    assert "people after sales after people" in told(save(boss, people, after="sales"))
    health = DataCategory.objects.get(key="health")
    assert "takes no options" in told(save(boss, health, mask='{"strategy": "null", "value": 1}'))
    assert save(boss, health, mask='{"strategy": "null"}').status_code == 302
    health.refresh_from_db()
    assert health.mask == {"strategy": "null"}


def upload(boss, *files: tuple[str, bytes], **more: str):
    return boss.post(PAGE, {"files": [SimpleUploadedFile(name, text) for name, text in files], **more})


def test_what_the_page_gives_out_it_takes_in_again(boss):
    before = descriptions.export()
    for kind in ("yaml", "csv"):
        answer = boss.get(f"{PAGE}?as={kind}")
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        Field.objects.filter(name="article").update(title="spoilt")
        done = upload(boss, (f"inventory.{kind}", answer.content), do="load")
        assert done.status_code == 200 and "Loaded" in done.content.decode()
        assert descriptions.export() == before
    assert b"fides_key: sales" in boss.get(f"{PAGE}?as=fides").content
    assert boss.get(f"{PAGE}?as=pdf").status_code == 404


def test_a_check_writes_nothing_and_faults_are_listed_with_their_lines(boss):
    files = [(path.name, path.read_bytes()) for path in sorted(BAKERY.rglob("*.y*ml"))]
    answer = upload(boss, *files, do="check")
    assert answer.status_code == 200 and "nothing was written" in answer.content.decode()
    line = line_of((BAKERY / "shop.yml").read_text(), "resource_id:")
    assert f"shop.yml: line {line}: bakery_shop.resource_id: is not read" in answer.content.decode()
    assert not System.objects.filter(key="bakery_web").exists()
    assert upload(boss, *files, do="load").status_code == 200
    assert System.objects.filter(key="bakery_web").exists()
    wrong = upload(boss, ("x.yml", b"dataset:\n  - fides_key: x\n    colour: red\n    collections: []\n"), do="load")
    assert wrong.status_code == 422
    assert "x.yml: line 3: x.colour: &#x27;colour&#x27; is not a key of a dataset" in wrong.content.decode()
    for files in ([("x.csv", b"\xff\xfe")], [("a.csv", b"a"), ("b.yaml", b"systems: []")], []):
        assert upload(boss, *files, do="load").status_code == 422


def test_who_may_only_look_takes_out_and_brings_nothing_in(boss):
    auditor = browser(colleague("Auditor"))
    page = auditor.get(PAGE)
    assert page.status_code == 200 and "Bring a description in" not in page.content.decode()
    assert upload(auditor, ("x.yaml", WHOLE.encode()), do="load").status_code == 403
    assert browser(colleague("System owner")).get(PAGE).status_code == 403
    assert upload(browser(colleague("Administrator")), ("x.yaml", WHOLE.encode()), do="load").status_code == 200
