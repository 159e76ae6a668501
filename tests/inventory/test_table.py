"""The inventory as a table, out and in."""

import csv
import io

import pytest

from audit.refusal import Refused
from inventory import descriptions
from inventory.descriptions.table import FIELD, PLACE
from inventory.models import Collection, Dataset, Field, Reference, System
from tests.inventory.describing import HIRELINE, WHOLE, bring

pytestmark = pytest.mark.django_db


def table() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(descriptions.export_csv(), newline="")))


def written(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def row(rows: list[dict[str, str]], path: str) -> dict[str, str]:
    return next(one for one in rows if f"{one['dataset']}.{one['collection']}.{one['field']}" == path)


def test_each_field_is_a_row_and_the_table_comes_back_unchanged() -> None:
    bring(HIRELINE.read_text(encoding="utf-8"))
    first, rows = descriptions.export(), table()
    assert len(rows) == Field.objects.count() > 70
    email = row(rows, "platform.accounts.email")
    assert (
        email["category"] == "contact.email" and email["mask"] == '{"strategy": "token", "suffix": "@erased.invalid"}'
    )
    assert row(rows, "platform.messages.sender_account_id")["references"] == "platform.accounts.id"
    bring(descriptions.export_csv(), "hireline.csv")
    assert descriptions.export() == first


def test_the_table_changes_what_it_names_adds_what_is_new_and_leaves_the_rest() -> None:
    bring(WHOLE)
    rows = [row(table(), "sales.notes.words")]
    rows[0] |= {"title": "Remark", "suppress": "", "read_only": "Yes"}
    rows.append(
        rows[0] | {"field": "seen", "title": "", "person": "", "read_only": "0", "restrict": "", "data_type": "date"}
    )
    rows.append(dict.fromkeys(rows[0], "") | {"system": "desk", "dataset": "cards", "collection": "index_card", "field": "no",
                                              "primary_key": "true", "references": "people.people.nr|up"})  # fmt: skip
    done = bring(written(rows), "changes.csv")
    words, seen = Field.objects.get(name="words"), Field.objects.get(name="seen")
    assert (words.title, words.suppress, words.read_only, words.restrict) == ("Remark", None, True, {"value": "closed"})
    assert (seen.data_type, seen.read_only, seen.collection.name) == ("date", False, "notes")
    assert (
        Field.objects.filter(collection__name="notes").count() == 6
        and Collection.objects.filter(name="orders").exists()
    )
    card = Collection.objects.get(name="index_card")
    assert (card.title, card.dataset.system.key, card.dataset.system.name) == ("Index card", "desk", "Desk")
    assert Reference.objects.get(field__collection=card).direction == "up"
    assert System.objects.get(key="shop").owner == "Web team"
    assert not [one for one in done.notes if "removed" in one]


def test_a_column_that_is_not_there_stays_as_it_is() -> None:
    bring(WHOLE)
    before = descriptions.export()
    bring("\ufeffsystem;dataset;collection;field;title\nshop;sales;lines;article;Article\n", "excel.csv")
    assert Field.objects.get(name="article").title == "Article"
    Field.objects.filter(name="article").update(title="")
    assert descriptions.export() == before


@pytest.mark.parametrize("title", ["=1+1", "+49", "-3", "@home", "'=x", "''+y", "\tz", "plain", "'quoted'"])
def test_a_cell_is_no_formula_for_a_spreadsheet_and_comes_back_as_it_was(title: str) -> None:
    bring(WHOLE)
    Field.objects.filter(name="article").update(title=title)
    cell = row(table(), "sales.lines.article")["title"]
    assert cell[0] not in "=+-@\t\r"
    bring(descriptions.export_csv(), "x.csv")
    assert Field.objects.get(name="article").title == title


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("mask", '{"strategy": "nil"}', "there is no masking strategy"),
        ("mask", "{", "mask: must be JSON, for example"),
        ("primary_key", "maybe", "primary_key: must be true or false, not 'maybe'"),
        ("length", "a few", "length: must be a whole number, not 'a few'"),
        ("category", "shoes", "there is no category 'shoes'"),
        ("references", "people.people.nix", "the collection 'people.people' has no field 'nix'"),
        ("references", "people.people.nr|over", "direction must be down, up or both, not 'over'"),
        ("references", "a|b|c|d", "has too many parts"),
        ("references", "[3]", "must be a list of references"),
        ("erase", "burn", "erase: must be one of delete, mask, keep"),
        ("dated_by", "id2", "'id2' is not a field of the collection"),
        ("after", "sales.nix", "there is no collection 'sales.nix'; write dataset.collection"),
        ("erase_after", "sales.lines", "the order goes round in a circle"),
        ("erase_after", "[3]", "erase_after: must be a list of names"),
        ("source", "heaven", "datasets.sales.source: must be one of direct, automatic, outside, inferred"),
        ("role", "owner", "systems.shop.role: must be one of controller, processor"),
        ("role", "processor", "systems.shop.role: a processor works for somebody: name the client"),
        ("client_contact", "nobody", "systems.shop.client_contact: enter a valid email address"),
        ("system", "", "each row needs system, dataset, collection, field"),
    ],
)
def test_a_fault_is_told_with_its_line_and_nothing_is_written(column: str, cell: str, words: str) -> None:
    bring(WHOLE)
    before = descriptions.export()
    rows = [one for one in table() if one["collection"] == "notes"]
    for one in rows[2:3] if column in (*PLACE, *FIELD) else rows:
        one[column] = cell
    with pytest.raises(Refused) as caught:
        bring(written(rows), "notes.csv")
    mine = [one for one in caught.value.message.split("\n") if words in one]
    assert mine and mine[0].startswith(("notes.csv: line 4: ", "notes.csv: line 2: ")), caught.value.message
    assert descriptions.export() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("system,dataset,collection\na,b,c\n", "line 1: the column 'field' is missing"),
        ("system,dataset,collection,field,colour\n", "line 1: 'colour' is not a known column"),
        ("system,dataset,collection,field,title,title\n", "line 1: the column 'title' is there twice"),
        ("system,dataset,collection,field\na,b,c,d,e\n", "line 2: there are more cells than columns"),
        (
            "system,dataset,collection,field,primary_key\na,b,c,d,1\na,b,c,d,1\n",
            "line 3: b.c.d: is there twice, first in line 2",
        ),
        (
            "system,dataset,collection,field,primary_key\na,b,c,d,1\nx,b,c,e,\n",
            "line 3: b.c.e: the dataset 'b' stands under 'a'",
        ),
        (
            "system,dataset,collection,field,primary_key,erase\na,b,c,d,1,mask\na,b,c,e,,keep\n",
            "line 3: b.c: erase is 'keep' here",
        ),
        (
            "system,dataset,collection,field,primary_key,source\na,b,c,d,1,direct\na,b,e,f,1,outside\n",
            "line 3: datasets.b: source is 'outside' here and 'direct' in line 2; all rows of a dataset agree",
        ),
        (
            "system,dataset,collection,field,primary_key,region\na,b,c,d,1,EU\na,g,e,f,1,US\n",
            "line 3: systems.a: region is 'US' here and 'EU' in line 2; all rows of a system agree",
        ),
    ],
)
def test_a_table_that_is_none_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        bring(text, "t.csv")
    assert words in caught.value.message


def test_a_table_moves_no_dataset_and_tells_of_a_system_that_is_new() -> None:
    bring(WHOLE)
    head = "system,dataset,collection,field,primary_key\n"
    for key in ("shopp", "hr"):
        with pytest.raises(Refused, match=f"x.csv: line 2: .*'sales' is in the system 'shop', not in '{key}'"):
            bring(f"{head}{key},sales,lines,article,\n", "x.csv")
    assert not System.objects.filter(key="shopp").exists()
    done = bring(f"{head}shopp,cards,card,no,true\n", "x.csv")
    assert "systems.shopp: this system is new, and its data ours. If the key was mistyped, mend it." in done.notes


def test_the_table_carries_systems_datasets_and_orders_and_comes_back_unchanged() -> None:
    bring(WHOLE)
    Collection.objects.filter(name="queue").update(name="queue; old")
    Collection.objects.filter(name="orders").update(after=["sales.queue; old", "people.people"])
    first, text = descriptions.export(), descriptions.export_csv()
    rows = table()
    lines, people = row(rows, "sales.lines.article"), row(rows, "people.people.nr")
    assert (lines["role"], lines["owner"], lines["region"]) == ("controller", "Web team", "EU")
    assert (lines["source"], lines["source_detail"]) == ("outside", "a vendor")
    assert (lines["after"], lines["erase_after"]) == ("sales.orders", "sales.notes")
    assert (people["role"], people["client"]) == ("processor", "Northwind")
    System.objects.update(owner="x", region="y")
    System.objects.filter(key="hr").update(role="controller", client="", client_contact="")
    Dataset.objects.update(source="inferred", source_detail="z")
    Collection.objects.update(after=[], erase_after=[])
    done = bring(text, "back.csv")
    assert descriptions.export() == first
    assert [one for one in done.notes if "its data was ours and is of the client Northwind from now on" in one]


def test_an_empty_cell_of_a_system_empties_and_a_missing_column_leaves_it() -> None:
    bring(WHOLE)
    head, line = "system,dataset,collection,field", "shop,sales,lines,article"
    bring(f"{head}\n{line}\n", "x.csv")
    assert System.objects.get(key="shop").owner == "Web team"
    bring(f"{head},owner,source_detail\n{line},,\n", "x.csv")
    shop, sales = System.objects.get(key="shop"), Dataset.objects.get(key="sales")
    assert (shop.owner, shop.region, sales.source, sales.source_detail) == ("", "EU", "outside", "")


def test_an_empty_role_leaves_whose_data_it_is() -> None:
    bring(WHOLE)
    done = bring("system,dataset,collection,field,role,primary_key\nhr,people,people,nr,,true\n", "x.csv")
    assert System.objects.get(key="hr").role == "processor" and not [one for one in done.notes if "from now on" in one]
