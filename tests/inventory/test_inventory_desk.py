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


def odd(old: str, new: str) -> bytes:
    assert old in WHOLE
    return WHOLE.replace(old, new, 1).encode()


def cells(column: str, cell: str) -> bytes:
    quoted = cell.replace('"', '""')
    return f'system,dataset,collection,field,{column}\nshop,sales,lines,article,"{quoted}"\n'.encode()


LONG = "99999999999999999999"
MASKED = "mask: {strategy: truncate, characters: 3}"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.yaml", b"a: !!timestamp x", "x.yaml: line 1: 'x' is no date"),
        ("x.yaml", b"a: !!bool abc", "x.yaml: line 1: 'abc' is no bool"),
        ("x.yaml", b"a: !!int ''", "x.yaml: line 1: '' is no int"),
        ("x.yaml", b"a: !!seq x", "tags such as 'tag:yaml.org,2002:seq' are not used"),
        ("x.yaml", b"a: !!binary eA==", "are not used in descriptions"),
        ("x.yaml", b"a: !!set [x]", "are not used in descriptions"),
        ("x.yaml", odd("length: 12", f"length: {LONG}"), "sales.lines.article.length: must be 2147483647 or less"),
        ("x.yaml", odd("length: 12", "length: 1099511627776"), "must be 2147483647 or less"),
        ("x.yaml", odd(MASKED, 'mask: {strategy: fixed, value: "a\\0b"}'), "sales.lines.article.mask: holds a character"),
        ("x.yaml", odd(MASKED, "mask: {strategy: fixed, value: .nan}"), "sales.lines.article.mask: holds a number"),
        ("x.yaml", odd('suppress: {value: ""}', 'suppress: {value: "\\0"}'), "sales.notes.words.suppress: holds a char"),
        ("x.yaml", odd("group: order", 'group: "\\0"'), "sales.lines.shop_no.references.group: holds a character"),
        ("x.csv", cells("mask", "[" * 100_000), "x.csv: line 2: sales.lines.article: mask: is nested more than"),
        ("x.csv", cells("mask", "[" * 60 + "]" * 60), "is nested more than"),
        ("x.csv", cells("suppress", '{"value": NaN}'), "suppress: holds a number that is none"),
        ("x.csv", cells("suppress", '{"value": 1e999}'), "suppress: holds a number that is none"),
        ("x.csv", cells("suppress", '{"value": "\\ud800"}'), "suppress: holds a character"),
        ("x.csv", cells("length", LONG), "x.csv: line 2: sales.lines.article.length: must be 2147483647 or less"),
        ("x.csv", cells("length", "9" * 5000), "length: must be a whole number"),
        ("x.csv", cells("references", '[{"target": "people.people.nr", "group": "\\u0000"}]'), "holds a character"),
    ],
)  # fmt: skip
def test_what_no_database_can_hold_is_refused_with_its_place(boss, name, text, words):
    boss.raise_request_exception = False
    before = descriptions.export()
    answer = upload(boss, (name, text), do="load")
    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert descriptions.export() == before


def test_a_length_beyond_measure_in_a_fides_file_is_refused_with_its_place(boss):
    boss.raise_request_exception = False
    text = (
        "dataset:\n- fides_key: shop\n  collections:\n  - name: users\n    fields:\n"
        f"    - {{name: id, fides_meta: {{primary_key: true, length: {LONG}}}}}\n"
    )
    answer = upload(boss, ("x.yml", text.encode()), do="load", system="shop")
    assert answer.status_code == 422
    assert "x.yml: line 6: shop.users.id.length: must be 2147483647 or less" in answer.content.decode()


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("mask", "[" * 100_000, "Is nested more than 40 levels deep."),
        ("mask", '{"strategy": "fixed", "value": "\\u0000"}', "Holds a character that no text may hold."),
        ("suppress", '{"value": NaN}', "Holds a number that is none"),
        ("suppress", '{"value": 1e999}', "Holds a number that is none"),
        ("suppress", '{"value": ' + "9" * 5000 + "}", "Holds a number that is none"),
        ("length", "1099511627776", "less"),
    ],
)
def test_a_field_form_refuses_what_no_database_can_hold(boss, key, text, words):
    boss.raise_request_exception = False
    assert words in told(save(boss, field("sales.notes.words"), **{key: text}))


def test_a_path_with_a_character_that_no_text_holds_is_no_field(boss):
    boss.raise_request_exception = False
    form = {"field": "sales.notes.at", "target": "people.people.nr\x00", "direction": "up"}
    assert boss.post("/admin/inventory/reference/add/", form).status_code == 400, "nobody types it"
    form["target"] = "people.people.nr\x7f"
    assert "There is no field" in told(boss.post("/admin/inventory/reference/add/", form))
