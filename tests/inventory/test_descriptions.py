"""A description is taken whole or not at all, and a fault is told with file, line and path."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Event
from audit.refusal import Refused
from inventory import descriptions, masks
from inventory.descriptions import own
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from tests.inventory.describing import HIRELINE, TESTS, WHOLE, bring, line_of

# Faults that show elsewhere: where the other one of two stands.
FAR = {"name: lines", "direction: up, group: order", "erase: mask\n            skip: true\n", "{name: nr}"}

pytestmark = pytest.mark.django_db


def refused(old: str, new: str, text: str = WHOLE) -> tuple[str, str]:
    """(the refusal, the text) after one change, which must be one."""
    assert old in text
    changed = text.replace(old, new, 1)
    with pytest.raises(Refused) as caught:
        descriptions.read(changed, "shop.yaml")
    return caught.value.message, changed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("target: sales.orders.shop_no", "target: nowhere.orders.shop_no", "there is no dataset 'nowhere'"),
        ("target: sales.orders.shop_no", "target: sales.odrers.shop_no", "has no collection 'odrers'"),
        ("target: sales.orders.shop_no", "target: sales.orders.nix", "the collection 'sales.orders' has no field 'nix'"),
        ("after: [people]", "after: [crm]", "datasets.sales.after: there is no dataset 'crm'"),
        ("after: [sales.orders]", "after: [sales.bills]", "sales.lines.after: there is no collection 'sales.bills'"),
        ("erase_after: [sales.notes]", "erase_after: [x]", "sales.lines.erase_after: there is no collection 'x'"),
        ("category: health", "category: wealth", "sales.lines.marks.category: there is no category 'wealth'"),
        ("purposes: [service]", "purposes: [fun]", "sales.orders.purposes: there is no purpose 'fun'"),
        ("strategy: truncate", "strategy: shred", "sales.lines.article.mask: there is no masking strategy 'shred'; there are"),
        ("characters: 3", "characters: many", "characters of the mask truncate must be a whole number, 0 or more"),
        ("characters: 3", "value: 3", "the mask truncate takes to, characters, not 'value'"),
        ("value: \"[gone]\"", "value: [1]", "categories.contact.mask: value of the mask fixed must be a text, a number"),
        ("suppress: {value: \"\"}", "suppress: false", "sales.notes.words.suppress: must say the value to be written"),
        ("restrict: {value: closed}", "restrict: {value: 2024-01-31}", "put a date in quotes"),
        ("dated_by: at", "dated_by: when", "sales.notes.dated_by: 'when' is not a field of the collection"),
        ("person: by_no", "person: by", "sales.notes.words.person: 'by' is not a field of the collection"),
        ("keep_ground: legal_obligation", "title: Notes", "'title' is written twice, first in line"),
        ("length: 12", "length: 0", "sales.lines.article.length: must be 1 or more"),
        ("erase: mask", "erase: shred", "sales.orders.erase: must be one of delete, mask, keep, not 'shred'"),
        ("integer, primary_key: true,", "integer, primary_key: yes please,", "must be true or false, not 'yes please'"),
        ("key: hr", "key: h r", "systems.h r.key: enter a valid"),
        ("client: Northwind", "client: \"\"", "a processor works for somebody: name the client"),
        ("client_contact: privacy@northwind.example", "client_contact: nobody", "client_contact: enter a valid email address"),
        ("lawful_basis: contract", "lawful_basis: mood", "purposes.service.lawful_basis: must be one of consent, contract"),
        ("    description: We keep your account.\n", "", "purposes.service: 'description' is missing"),
        ("title: Queue", "description: Queue", "sales.queue: 'title' is missing"),
        ("name: orders", "name: lines", "sales: 'lines' is there twice, first in line"),
        ("{name: to_no, ", "{name: by_no, ", "sales.notes: 'by_no' is there twice"),
        ("direction: both", "direction: sideways", "direction must be down, up or both, not 'sideways'"),
        ("direction: down, group: order", "direction: up, group: order", "the group 'order' have different directions"),
        ("shop_no, direction: down, group: order", "shop_no, direction: down", "the group 'order' has one reference only"),
        ("by_no, references: [people.people.nr]", "by_no, references: [sales.notes.by_no]", "a field cannot refer to itself"),
        ("erase: mask\n", "erase: mask\n            skip: true\n", "'sales.orders' is left out (skip: true)"),
        ("{name: nr, primary_key: true}", "{name: nr}", "people.people: no field has primary_key: true"),
        ("name: nr, primary_key: true", "name: nr, mask: {strategy: token}, primary_key: true", "a key is never masked"),
        ("title: Orders", "title: 7", "sales.orders.title: must be a text, not 7; put it in quotes"),
        ("purposes: [service]", "purposes: service", "sales.orders.purposes: must be a list"),
        ("categories:", "kategorien: []\ncategories:", "the file: 'kategorien' is not a known key"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_line_and_path(old: str, new: str, words: str) -> None:
    message, changed = refused(old, new)
    mine = [one for one in message.split("\n") if words in one]
    assert mine, message
    number = int(mine[0].removeprefix("shop.yaml: line ").partition(":")[0])
    place = next(at for at, pair in enumerate(zip(WHOLE, changed, strict=False)) if pair[0] != pair[1])
    first = changed[:place].count("\n") + 1
    assert number == first or new in FAR or abs(number - first) <= 3, (number, first)
    assert not System.objects.exists()


def test_the_line_is_the_very_line_of_the_key() -> None:
    message, changed = refused("dated_by: at", "dated_by: when")
    assert message.startswith(f"shop.yaml: line {line_of(changed, 'dated_by: when')}: sales.notes.dated_by: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("systems: [", "is not YAML"),
        ("- a", "a description is a mapping"),
        ("", "a description is a mapping"),
        ("systems: []\nsystems: []", "line 2: 'systems' is written twice, first in line 1"),
        ("systems: &a [*a]", "nested too deeply, or in itself"),
        ("systems: " + "[" * 60 + "]" * 60, "nested too deeply"),
        ("yes: 1", "the key 'yes' is not a text; put it in quotes"),
        ("systems: !!python/object:os.system {}", "are not used in descriptions"),
        ("systems: 2024-13-45", "line 1: '2024-13-45' is no date"),
        ("systems: {a: 1}", "the file.systems: must be a list"),
        ("systems: [3]", "the file.systems: must be a list of mappings"),
    ],
)
def test_what_is_no_description_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        descriptions.read(text, "x.yaml")
    assert words in caught.value.message


def test_circles_of_an_order_are_named() -> None:
    message, _ = refused("title: Notes", "title: Notes\n            erase_after: [sales.lines]")
    assert "sales.lines after sales.notes after sales.lines" in message
    message, _ = refused("description: What you bought.", "after: [sales.lines]")
    assert "sales.lines after sales.orders after sales.lines" in message
    message, _ = refused(
        "      - key: people\n        name: People\n",
        "      - key: people\n        name: People\n        after: [sales]\n",
    )
    assert "people after sales after people" in message
    mixed = "          - name: people\n            title: People\n"
    message, _ = refused(mixed, mixed + "            after: [sales.queue]\n")
    assert "people after people.people after sales.queue after people" in message


def test_everything_that_can_be_said_is_loaded_and_exported_as_it_was() -> None:
    bring(WHOLE)
    first = descriptions.export()
    said, got = own.parse(WHOLE, "a"), own.parse(first, "b")
    for part in ("categories", "purposes"):
        assert sorted(said[part], key=str) == sorted(got[part], key=str)
    assert {one["key"] for one in got["systems"]} == {"shop", "hr"}
    orders = got["systems"][1]["datasets"][0]["collections"][2]
    assert orders["fields"][2] == {"name": "buyer", "references": [{"target": "people.people.nr", "direction": "up"}]}
    assert Collection.objects.get(name="lines").erase_after == ["sales.notes"]
    assert set(Reference.objects.exclude(group="").values_list("group", flat=True)) == {"order"}
    done = bring(first)
    assert descriptions.export() == first
    assert not [one for one in done.notes if "left the description" in one]


def test_an_unquoted_null_is_the_mask_null() -> None:
    bring(WHOLE.replace('{strategy: "null"}', "{strategy: null}"))
    assert Field.objects.get(name="mail").mask == {"strategy": "null"}
    assert {
        "null",
        "fixed",
        "token",
        "hash",
        "hmac",
        "random",
        "keep_domain",
        "truncate",
        "geo",
        "band",
        "scrub",
        "preserve",
    } == set(masks.MASK_STRATEGIES)


def test_what_left_the_file_leaves_the_inventory_but_no_collection_does_so_in_silence() -> None:
    bring(WHOLE)
    shorter = WHOLE.replace(
        '              - {name: marks, data_type: "string[]", category: health, every_element: true}\n', ""
    )
    cut = shorter.index("          - name: queue")
    shorter = shorter[:cut] + shorter[shorter.index("  - key: hr") :]
    shorter = shorter.replace("identity: email, ", "").replace("by_no, references: [people.people.nr]", "by_no")
    done = bring(shorter)
    assert any(one.startswith("sales.queue: is not in the description any more. It stays") for one in done.notes)
    assert any(one.startswith("sales.lines.marks: left the description and was removed") for one in done.notes)
    assert Collection.objects.filter(name="queue").exists() and not Field.objects.filter(name="marks").exists()
    assert Field.objects.get(name="mail").identity == "", "a field is what the file says of it"
    assert not Reference.objects.filter(field__name="by_no").exists()
    assert any(
        "no identifier and no reference leads to it" in one
        for one in bring(shorter.replace("role: processor", "role: controller")).notes
    )


def test_what_several_files_share_keeps_what_only_one_of_them_says() -> None:
    bring(WHOLE)
    bring("categories: [{key: contact, name: Contact}]\nsystems: [{key: hr, name: People}]")
    assert DataCategory.objects.get(key="contact").mask == {"strategy": "fixed", "value": "[gone]"}
    assert System.objects.get(key="hr").role == "processor"


def test_files_that_belong_together_refer_to_each_other_and_to_the_inventory() -> None:
    cut = WHOLE.index("  - key: hr")
    shop, people = WHOLE[:cut], "systems:\n" + WHOLE[cut:]
    with pytest.raises(Refused):
        descriptions.read(shop, "shop.yaml")
    with pytest.raises(Refused, match=r"there is no category 'contact'"):
        bring(people)
    descriptions.bring([("shop.yaml", shop), ("people.yaml", people)], actor=TESTS)
    assert Reference.objects.filter(target__collection__name="people").count() == 3
    before = descriptions.export()
    bring(people)
    assert descriptions.export() == before


def test_a_check_tells_and_writes_nothing() -> None:
    done = bring(WHOLE, check=True)
    assert (done.written, done.collections, done.fields) == (False, 5, 16)
    assert not System.objects.exists() and not Event.objects.filter(name="inventory.described").exists()
    assert bring(WHOLE).written and Event.objects.filter(name="inventory.described").count() == 2


def test_a_big_description_takes_few_queries(django_assert_max_num_queries) -> None:
    tables = "\n".join(
        f"          - {{name: t{at}, title: T, fields: [{{name: id, primary_key: true}}, "
        "{name: up, references: [big.t0.id]}]}"
        for at in range(60)
    )
    head = "systems:\n  - key: big\n    name: Big\n    datasets:\n      - key: big\n        name: Big\n        collections:\n"
    text = f"{head}{tables}\n"
    bring(text.replace("{name: up, references: [big.t0.id]}", "{name: up}", 1))
    with django_assert_max_num_queries(60):
        bring(text.replace("{name: up, references: [big.t0.id]}", "{name: up, length: 3}", 1))
    with django_assert_max_num_queries(15):
        descriptions.export()


@st.composite
def described(draw: st.DrawFn) -> dict:
    """Any small description that is sound."""
    words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)
    names = draw(st.lists(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), min_size=1, max_size=3, unique=True))
    fields = [f"d.{name}.id" for name in names]
    mask = st.sampled_from(
        [None, {"strategy": "null"}, {"strategy": "fixed", "value": 3}, {"strategy": "token", "suffix": "=x"}]
    )
    collections = []
    for at, name in enumerate(names):
        columns = [{"name": "id", "primary_key": True}]
        for one in draw(
            st.lists(st.from_regex(r"[a-hj-z]{1,4}(\.[a-z]{1,3})?", fullmatch=True), max_size=3, unique=True)
        ):
            links = [{"target": target, "direction": draw(st.sampled_from(["up", "down", "both"]))}
                     for target in draw(st.lists(st.sampled_from(fields), max_size=2, unique=True))]  # fmt: skip
            column = {
                "name": one, "title": draw(words), "category": draw(st.sampled_from([None, "c"])), "mask": draw(mask),
                "data_type": draw(st.sampled_from(["string", "integer"])), "read_only": draw(st.booleans()),
                "length": draw(st.sampled_from([None, 7])), "references": links,
            }  # fmt: skip
            columns.append({key: value for key, value in column.items() if value not in (None, [], False)})
        collections.append({
            "name": name, "title": draw(words), "erase": draw(st.sampled_from(["delete", "mask"])),
            "erase_after": [f"d.{other}" for other in draw(st.lists(st.sampled_from(names[:at]), unique=True))] if at else [],
            "fields": columns,
        })  # fmt: skip
    dataset = {"key": "d", "name": draw(words), "collections": collections}
    return {"categories": [{"key": "c", "name": "C"}], "systems": [{"key": "s", "name": "S", "datasets": [dataset]}]}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(described())
def test_any_sound_description_comes_back_as_yaml_and_as_csv(data: dict) -> None:
    System.objects.all().exists()
    Collection.objects.all().delete()
    bring(own.dump(data))
    first = descriptions.export()
    assert _flat(own.parse(first, "a")) == _flat(data)
    bring(first)
    assert descriptions.export() == first
    table = descriptions.export_csv()
    Field.objects.exclude(name="id").update(title="?", mask=None, length=9, read_only=False)
    Reference.objects.all().delete()
    Collection.objects.update(title="?", erase="keep", keep_ground="x")
    bring(table, "table.csv")
    assert _flat(own.parse(descriptions.export(), "b")) == _flat(data)


def _flat(data: dict) -> dict:
    found = {}
    for one in data["systems"][0]["datasets"][0]["collections"]:
        rest = {
            key: value
            for key, value in one.items()
            if key not in ("fields", "keep_ground") and value not in ([], "delete")
        }
        found[one["name"]] = rest
        for each in one["fields"]:
            each = dict(each)
            if each.get("data_type") == "string":
                del each["data_type"]
            if "references" in each:
                each["references"] = sorted(map(str, (dict(link) for link in each["references"])))
            found[one["name"], each["name"]] = each
    return found


def test_the_demo_companys_description_is_sound() -> None:
    assert bring(HIRELINE.read_text(encoding="utf-8"), "hireline.yaml").collections == 15


@pytest.mark.parametrize("value", ["~", "''"])
def test_a_role_is_never_emptied_in_passing(value: str) -> None:
    bring(WHOLE)
    with pytest.raises(Refused, match=r"systems\.hr\.role: (has no value|must be one of)"):
        bring(f"systems: [{{key: hr, name: People, role: {value}}}]")
    assert System.objects.get(key="hr").role == "processor"


def test_a_file_that_changes_whose_data_it_is_tells_of_it() -> None:
    bring(WHOLE)
    ours = bring("systems: [{key: hr, name: People, role: controller}]", check=True)
    words = "systems.hr: its data was of the client Northwind and is ours from now on. Requests are searched there."
    assert ours.notes == [words] and System.objects.get(key="hr").role == "processor"
    other = bring("systems: [{key: hr, name: People, client: Southwind}]")
    assert "was of the client Northwind and is of the client Southwind" in other.notes[0]
    theirs = bring("systems: [{key: shop, name: Shop, role: processor, client: Northwind}]")
    assert "was ours and is of the client Northwind from now on. Requests are referred" in theirs.notes[0]
    assert bring("systems: [{key: shop, name: Shop, role: processor}]").notes == []


SALES = "datasets: [{key: sales, name: Sales, collections: []}]"


def test_a_dataset_does_not_change_hands_in_passing() -> None:
    bring(WHOLE)
    with pytest.raises(Refused, match=r"datasets.sales: it is in the system 'shop' \(ours\) and stands under 'hr'"):
        bring(f"systems: [{{key: hr, name: People, {SALES}}}]")
    two = [
        ("a.yaml", f"systems: [{{key: a, name: A, {SALES}}}]"),
        ("b.yaml", f"systems: [{{key: hr, name: B, {SALES}}}]"),
    ]
    with pytest.raises(Refused, match="change whose data it is"):
        descriptions.bring(two, actor=TESTS)
    assert Dataset.objects.get(key="sales").system.key == "shop"
    done = bring(f"systems: [{{key: desk, name: Desk, {SALES}}}]")
    assert "datasets.sales: it moves from the system 'shop' to 'desk'." in done.notes


def test_a_system_without_a_key_is_a_fault_like_any_other() -> None:
    with pytest.raises(Refused, match="'key' is missing"):
        bring(WHOLE.replace("  - key: hr\n", "  - key: ~\n"))
