"""Fides dataset files become our inventory, and nothing in them is passed over in silence."""

import pytest
from django.core.management import CommandError, call_command

from audit.refusal import Refused
from inventory import descriptions, mapping
from inventory.descriptions import fides_masks
from inventory.descriptions.fides_categories import NAMES, is_sensitive
from inventory.graph import Name
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from inventory.walking import walk
from tests.inventory.describing import BAKERY, bakery, bring, line_of

pytestmark = pytest.mark.django_db

SMALL = """
dataset:
  - fides_key: shop
    name: Shop
    collections:
      - name: people
        fields:
          - name: id
            fides_meta: {primary_key: true}
          - name: mail
            data_categories: [user.contact.email]
            fides_meta: {identity: email}
      - name: orders
        fields:
          - name: id
            fides_meta: {primary_key: true}
          - name: person_id
            fides_meta: {references: [{dataset: shop, field: people.id, direction: from}]}
"""


def small(old: str = "", new: str = "", **more: object) -> descriptions.Brought:
    assert old in SMALL
    return bring(SMALL.replace(old, new, 1), "shop.yml", **{"system": "web", **more})


def refused(old: str, new: str, **more: object) -> str:
    with pytest.raises(Refused) as caught:
        small(old, new, **more)
    assert not System.objects.exists()
    return caught.value.message


def field(path: str) -> Field:
    dataset, collection, name = path.split(".", 2)
    return Field.objects.get(collection__dataset__key=dataset, collection__name=collection, name=name)


def reference(path: str) -> tuple[str, str]:
    one = Reference.objects.select_related("target__collection__dataset").get(field=field(path))
    return descriptions.str_path(one.target), one.direction


def test_a_folder_becomes_systems_datasets_nested_fields_keys_and_masks() -> None:
    bakery()
    web = System.objects.get()
    assert (web.key, web.name, web.datasets.count()) == ("bakery_web", "Bakery on the web", 2)
    crm = Dataset.objects.get(key="bakery_crm")
    assert crm.after == ["bakery_shop"], "the old word fidesops_meta means the same"
    assert {one.name for one in Field.objects.filter(collection__name="profile")} == {
        "_id", "loyalty", "loyalty.number", "loyalty.tier", "workplace", "workplace.company", "workplace.position",
        "devices", "devices.ip", "devices.model", "newsletters",
    }  # fmt: skip
    assert field("bakery_crm.profile.devices").data_type == "object[]"
    assert field("bakery_crm.profile.newsletters").every_element
    email = field("bakery_shop.customer.email")
    assert (email.identity, email.length, email.title) == ("email", 80, "E-mail address")
    assert email.mask == {"strategy": "token", "suffix": "@bakery.invalid"}
    assert field("bakery_shop.customer.mobile").identity == "phone"
    assert field("bakery_shop.customer.full_name").mask == {"strategy": "fixed", "value": "gone"}
    keys = Field.objects.filter(collection__name="order_line", primary_key=True)
    assert [one.name for one in keys] == ["order_number", "position"]
    erase = dict(Collection.objects.values_list("name", "erase"))
    assert erase["order_line"] == "delete" and erase["orders"] == "mask"
    assert Collection.objects.get(name="order_line").erase_after == ["bakery_shop.parcel"]
    assert Collection.objects.get(name="visit").erase_after == ["bakery_crm.profile"], "its dataset's key is ours"
    assert Collection.objects.get(name="schema_migrations").skip


def test_categories_keep_their_keys_get_names_and_reach_what_says_nothing_itself() -> None:
    bakery()
    names = dict(DataCategory.objects.values_list("key", "name"))
    assert names["user.contact.email"] == "E-mail address" and names["user.loyalty.tier"] == "Loyalty tier"
    assert "user.contact" in names and "system.operations" not in names
    assert field("bakery_shop.address.city").category.key == "user.contact.address", "the collection's"
    assert field("bakery_shop.address.street").category.key == "user.contact.address.street", "its own"
    assert field("bakery_shop.address.id").category is None, "a key inherits nothing"
    assert field("bakery_shop.order_line.order_number").category is None
    assert field("bakery_shop.customer.row_version").category is None, "what a system needs to run is not personal"
    assert is_sensitive("user.health_and_medical.genetic") and not is_sensitive("user.healthy")
    assert all(NAMES.values()) and len(NAMES) > 120


def test_a_key_and_a_link_with_personal_data_keep_their_value_and_that_is_told() -> None:
    notes = "\n".join(bakery().notes)
    assert field("bakery_shop.customer.id").read_only
    assert field("bakery_shop.orders.customer_id").mask == {"strategy": "preserve"}
    assert field("bakery_crm.visit.loyalty_number").mask is None, "a link that is no key of anything is erased"
    assert "bakery_shop.customer.id.category: a key is never masked" in notes
    assert "bakery_shop.orders.customer_id.category: it leads to another row" in notes


def test_what_is_not_read_is_told_with_file_line_and_path() -> None:
    notes = bakery().notes
    shop, crm = (BAKERY / "shop.yml").read_text(), (BAKERY / "crm" / "profiles.yaml").read_text()
    for file, text, words, told in (
        ("shop.yml", shop, "namespace:", "bakery_shop.namespace: collections keep their plain names"),
        ("shop.yml", shop, "resource_id:", "bakery_shop.resource_id: is not read"),
        ("shop.yml", shop, "[user.contact.phone_number", "mobile.data_categories: a field has one category"),
        ("crm/profiles.yaml", crm, "retention:", "bakery_crm.retention: make a retention schedule of it"),
        ("crm/profiles.yaml", crm, "algorithm: SHA-512", "devices.ip.masking_strategy_override: the digest is SHA-256"),
        ("crm/profiles.yaml", crm, "fides_key: bakery.crm", "bakery.crm.fides_key: its key here is bakery_crm"),
    ):  # fmt: skip
        mine = [one for one in notes if told in one]
        assert mine and mine[0].startswith(f"{file}: line {line_of(text, words)}: "), (told, notes)
    assert any("the file.policy: is not read here" in one for one in notes)


def test_data_flows_the_way_the_file_says_and_what_refers_is_erased_first() -> None:
    bakery()
    assert reference("bakery_shop.orders.customer_id") == ("bakery_shop.customer.id", "down")
    assert reference("bakery_shop.orders.shipping_address_id") == ("bakery_shop.address.id", "up")
    assert reference("bakery_shop.customer.loyalty_number") == ("bakery_crm.profile.loyalty.number", "both")
    plan = walk(mapping.graph(), ["email"])
    fed: dict[Name, set[Name]] = {
        one.collection: {entry.source.parent for entry in one.entries if entry.source} for one in plan.steps
    }
    customer, orders, address = (("bakery_shop", one) for one in ("customer", "orders", "address"))
    assert fed[orders] == {customer} and fed[address] == {customer, orders}, (
        "from: customers lead to orders; to: orders to addresses"
    )
    assert fed[("bakery_crm", "profile")] == {customer} and fed[("bakery_crm", "visit")] == {("bakery_crm", "profile")}
    order = plan.erase_order
    assert order.index(orders) < order.index(customer) < order.index(address)
    assert order.index(("bakery_shop", "parcel")) < order.index(("bakery_shop", "order_line")) < order.index(orders)
    by_profile = walk(mapping.graph(), ["phone"])
    assert {one.collection for one in by_profile.steps} == {one.collection for one in plan.steps}


@pytest.mark.parametrize(("direction", "leads"), [("from", True), ("to", False), (None, True)])
@pytest.mark.parametrize("end", ["orders", "people"])
def test_a_direction_means_the_same_at_either_end(direction: str | None, leads: bool, end: str) -> None:
    """`leads`: people lead to orders. Written at the people's end the words are the other way round."""
    turned = {"from": "to", "to": "from"}.get(direction or "") if end == "people" else direction
    said = f", direction: {turned}" if turned else ""
    there = "references: [{dataset: shop, field: people.id, direction: from}]"
    if end == "orders":
        small(there, there.replace(", direction: from", said))
    else:
        text = SMALL.replace(f"fides_meta: {{{there}}}", "description: Buyer")
        text = text.replace(
            "{primary_key: true}",
            f"{{primary_key: true, references: [{{dataset: shop, field: orders.person_id{said}}}]}}",
            1,
        )
        bring(text, "shop.yml", system="web")
    one = Reference.objects.select_related("field", "target").get()
    assert (one.field.name, one.target.name) == ("person_id", "id"), (
        "the key is what is referred to, wherever it is written"
    )
    steps = walk(mapping.graph(), ["email"]).steps
    assert (("shop", "orders") in {step.collection for step in steps}) == leads


def test_both_ends_that_say_different_ways_are_one_reference_for_both() -> None:
    text = SMALL.replace(
        "{primary_key: true}",
        "{primary_key: true, references: [{dataset: shop, field: orders.person_id, direction: from}]}",
        1,
    )
    done = bring(text, "shop.yml", system="web")
    assert Reference.objects.get().direction == "both"
    assert any("written twice with different directions" in one for one in done.notes)


def test_what_was_brought_in_goes_out_and_comes_in_again_as_it_was() -> None:
    bakery()
    first = descriptions.export()
    text, lost = descriptions.export_fides()
    assert not lost
    bring(text, "again.yml")
    assert descriptions.export() == first
    Dataset.objects.all().delete()
    System.objects.all().delete()
    DataCategory.objects.all().delete()
    bring(text, "again.yml")
    assert descriptions.export() == first
    assert descriptions.export_fides()[0] == text


def test_coming_again_keeps_what_the_format_cannot_say() -> None:
    small()
    Collection.objects.filter(name="orders").update(
        title="What you bought", erase="keep", keep_ground="legal_obligation"
    )
    Field.objects.filter(name="mail").update(attribute="email", mask={"strategy": "token"}, title="Mail")
    small()
    orders, mail = Collection.objects.get(name="orders"), field("shop.people.mail")
    assert (orders.title, orders.erase) == ("What you bought", "keep")
    assert (mail.attribute, mail.mask, mail.title) == ("email", {"strategy": "token"}, "Mail")
    text, lost = descriptions.export_fides()
    assert any("that rows are kept, and why" in one for one in lost) and any(
        "titles of collections" in one for one in lost
    )
    assert "people" in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("field: people.id", "field: people.nr", "the collection 'shop.people' has no field 'nr'"),
        ("field: people.id", "field: folk.id", "the dataset 'shop' has no collection 'folk'"),
        ("dataset: shop, field", "dataset: crm, field", "there is no dataset 'crm'"),
        ("field: people.id", "field: orders.id", "a collection cannot refer to itself"),
        ("field: people.id", "field: people", "write collection.field, not 'people'"),
        ("direction: from", "direction: down", "must be to, from or left out, not 'down'"),
        ("user.contact.email", "user.contact.emial", "category 'user.contact.emial'; do you mean user.contact.email?"),
        ("user.contact.email", "user.provided.identifiable.contact.email", "do you mean user.contact.email?"),
        ("identity: email", "identitty: email", "'identitty' is not a key of fides_meta of a field"),
        ("    name: Shop\n", "    nome: Shop\n", "'nome' is not a key of a dataset"),
        ("identity: email", "data_type: text", "there is no type 'text'"),
        ("identity: email", "length: long", "length: must be a whole number, not 'long'"),
        ("identity: email", "read_only: sure", "read_only: must be true or false, not 'sure'"),
        ("identity: email", "return_all_elements: true", "is for lists only"),
        ("identity: email", "masking_strategy_override: {strategy: shred}", "there is no masking strategy 'shred'"),
        ("identity: email", "masking_strategy_override: {strategy: hash, configuration: {salt: x}}", "has no 'salt'"),
        ("identity: email", "masking_strategy_override: {strategy: string_rewrite}", "needs a rewrite_value"),
        ("identity: email", "masking_strategy_override: delete", "must be a mapping with strategy and configuration"),
        ("          - name: mail", "          - name: id", "shop.people: the field 'id' is there twice"),
        ("          - name: mail", "          - name: e.mail", "a field's name cannot hold a dot"),
        ("      - name: orders", "      - name: people", "'people' is there twice"),
        ("      - name: orders\n", "      - name: orders\n        fides_meta: {erase_after: [shop.orders]}\n",
         "the order goes round in a circle: shop.orders after shop.orders"),
        ("      - name: orders\n", "      - name: orders\n        fides_meta: {after: [shop.bills]}\n",
         "there is no collection 'shop.bills'"),
        ("      - name: people\n", "      - name: people\n        fides_meta: {skip_processing: true}\n",
         "is left out (skip: true)"),
        ("      - name: people\n", "      - name: people\n        fides_meta: {masking_strategy_override: {strategy: hash}}\n",
         "a collection's override is {strategy: delete}, not 'hash'"),
        ("fides_meta: {primary_key: true}\n          - name: person", "description: x\n          - name: person",
         "no field is the primary key"),
        ("fides_key: shop", "fides_key: 'sh op'", "holds letters, digits and _ . - < > only"),
        ("    collections:", "    sammlungen:", "'collections' is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_words_before_anything_is_written(old: str, new: str, words: str) -> None:
    message = refused(old, new)
    mine = [one for one in message.split("\n") if words in one]
    assert mine and mine[0].startswith("shop.yml: line "), message


def test_a_dataset_without_a_system_is_refused_with_advice() -> None:
    assert "or with --system KEY" in refused("name: Shop", "name: Shop", system="")


def test_lenient_takes_what_is_odd_and_tells_of_each() -> None:
    text = SMALL.replace("identity: email", "identity: email, colour: red").replace(
        "user.contact.email", "user.contact.pigeon"
    )
    keyless = text.replace(
        "fides_meta: {primary_key: true}\n          - name: person", "description: x\n          - name: person"
    )
    done = bring(keyless,
                 "shop.yml", system="web", lenient=True)  # fmt: skip
    notes = "\n".join(done.notes)
    place = f"shop.yml: line {line_of(text, 'colour')}: shop.people.mail.colour: "
    assert f"{place}'colour' is not a key of fides_meta of a field; it is left out" in notes
    assert "there is no category 'user.contact.pigeon'" in notes and "it is kept as a category of its own" in notes
    assert field("shop.people.mail").category.key == "user.contact.pigeon", "what was personal stays personal"
    assert "shop.orders: no field is the primary key" in notes and "it is left out of searches (skip)" in notes
    assert Collection.objects.get(name="orders").skip
    Field.objects.filter(collection__name="orders", name="id").update(primary_key=True)
    bring(text, "shop.yml", system="web", lenient=True)
    assert not Collection.objects.get(name="orders").skip, "with a key it is searched again"
    bring(descriptions.export())


def test_an_identity_that_no_request_carries_is_told() -> None:
    assert any(
        "no request carries 'badge'; requests carry account_id, email" in one
        for one in small("identity: email", "identity: badge").notes
    )


def test_every_strategy_of_the_format_becomes_one_of_ours_and_back() -> None:
    suffix = {"format_preservation": {"suffix": "@x.example"}}
    for name, configuration, mask in (
        ("null_rewrite", {}, {"strategy": "null"}),
        ("string_rewrite", {"rewrite_value": "x", **suffix}, {"strategy": "fixed", "value": "x@x.example"}),
        ("random_string_rewrite", suffix, {"strategy": "token", "suffix": "@x.example"}),
        ("hash", {"algorithm": "SHA-256", **suffix}, {"strategy": "hash", "suffix": "@x.example"}),
        ("hmac", {}, {"strategy": "hash"}),
        ("aes_encrypt", {"mode": "GCM"}, {"strategy": "hash"}),
        ("preserve", None, {"strategy": "preserve"}),
    ):
        made, _ = fides_masks.ours(name, configuration)
        assert made == mask
        back, _ = fides_masks.theirs(made)
        assert fides_masks.ours(back["strategy"], back.get("configuration"))[0] == made


def test_the_command_checks_loads_and_exports(tmp_path, capsys) -> None:
    call_command("describe", str(BAKERY), "--fides", "--check")
    assert "nothing written; sound" in capsys.readouterr().out and not System.objects.exists()
    call_command("describe", str(BAKERY), "--fides")
    assert "systems.yml: loaded: 8 collections with" in capsys.readouterr().out
    call_command("describe", "--export", "--csv")
    table = capsys.readouterr().out
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    before = descriptions.export()
    call_command("describe", str(path))
    assert descriptions.export() == before
    call_command("describe", "--export", "--fides")
    assert "fides_key: bakery_shop" in capsys.readouterr().out
    path = tmp_path / "shop.yml"
    path.write_text(SMALL, encoding="utf-8")
    call_command("describe", str(path), "--system", "web")
    assert Dataset.objects.get(key="shop").system.name == "Web"
    path.write_bytes(b"\xff\xfe")
    for wrong in (
        ["describe", str(path)],
        ["describe"],
        ["describe", str(tmp_path / "none.yml")],
        ["describe", str(tmp_path), "--csv", "--fides"],
    ):
        with pytest.raises(CommandError):
            call_command(*wrong)


def test_both_ends_that_say_the_same_way_are_one_reference_that_way() -> None:
    """Neither end is a key: the words at the second end are the other way round and mean the same."""
    text = SMALL.replace(
        "{identity: email}", "{identity: email, references: [{dataset: shop, field: orders.mail, direction: to}]}"
    )
    text += "          - name: mail\n            fides_meta:\n"
    text += "              references: [{dataset: shop, field: people.mail, direction: from}]\n"
    done = bring(text, "shop.yml", system="web")
    one = Reference.objects.select_related("field__collection").get(field__name="mail")
    assert (one.field.collection.name, one.direction) == ("people", "up")
    assert not any("different directions" in note for note in done.notes)
