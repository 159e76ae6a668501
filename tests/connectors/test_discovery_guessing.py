"""What names and values say, in four languages; what they do not say; and which rows are taken for whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from connectors.discovery import drafting, linking, values
from connectors.discovery.guessing import guess
from connectors.discovery.tables import Column, ForeignKey, Table, fingerprint, from_json, to_json
from connectors.discovery.words import spoken


def text(name: str, **more: object) -> Column:
    return Column(name, "text", "text", **more)


@pytest.mark.parametrize(
    ("category", "names"),
    [
        ("contact.email", "email emailAddress E_MAIL kundenMail correo_electronico courriel user_email"),
        ("contact.phone", "phone Telefonnummer handy movil numero_portable fax"),
        ("identity.name", "first_name Vorname apellidos nom_de_famille prénom lastName"),
        ("identity.birth", "date_of_birth Geburtsdatum fecha_nacimiento date_naissance dob"),
        ("contact.address", "street Straße PLZ codigo_postal ville shipping_address line1"),
        ("financial.account", "iban Kontonummer cuenta_bancaria card_number"),
        ("technical.address", "ip client_ip REMOTE_ADDR adresse_ip"),
        ("technical.device", "user_agent UserAgent device_id"),
        ("identity.number", "passport_number SteuerId dni numero_securite_sociale"),
        ("health", "diagnose allergies blood_type"),
        ("demographic.special", "religion Gewerkschaft ethnicity"),
    ],
)
def test_a_column_is_known_by_its_name_in_four_languages(category: str, names: str) -> None:
    assert {name: guess(text(name), people=False).category for name in names.split()} == dict.fromkeys(
        names.split(), category
    )


@pytest.mark.parametrize(
    "name", ["password", "passwort_hash", "contraseña", "mot_de_passe", "api_key", "refresh_token", "session_data"]
)
def test_what_opens_a_door_gets_no_category_so_that_no_package_shows_it(name: str) -> None:
    found = guess(text(name), people=True)
    assert found.secret and not found.category


@pytest.mark.parametrize(
    "name",
    [
        "email_template_id",
        "emails_sent_count",
        "zipper",
        "shipping_type",
        "capital",
        "model",
        "platform",
        "history",
        "parts",
    ],
)
def test_a_word_within_a_word_and_a_word_about_the_word_say_nothing(name: str) -> None:
    assert not guess(text(name), people=False).personal


def test_a_flag_or_a_date_called_by_an_address_holds_none() -> None:
    assert not guess(Column("email", "bool", "boolean"), people=False).personal
    assert not guess(Column("password_changed", "datetime", "datetime"), people=False).personal


def test_values_raise_doubt_or_speak_alone_and_never_stand_in_the_evidence() -> None:
    mails = values.signs([f"person{number}@people.example" for number in range(9)])
    colours = values.signs(["red", "green", "blue", "grey"])
    assert guess(text("x1"), people=False, signs=mails).category == "contact.email"
    sure, doubtful = (guess(text("email"), people=False, signs=seen) for seen in (mails, colours))
    assert sure.confidence > guess(text("email"), people=False).confidence > doubtful.confidence
    assert sure.identity and not doubtful.identity, "no search starts where no address was seen"
    assert "person" not in str(sure.evidence) and "red" not in str(doubtful.evidence)


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ("iban", "DE89 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
        ("card", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("address", "2001:db8::1", "12:30:00"),
        ("phone", "+49 30 1234567", "2024-01-31"),
        ("hash", "pbkdf2_sha256$1$salt$x", "pbkdf"),
    ],
)
def test_shapes_are_checked_and_not_only_looked_like(shape: str, good: str, bad: str) -> None:
    assert values.signs([good]).shares.get(shape) == 1
    assert shape not in values.signs([bad]).shares


@given(some.lists(some.text(max_size=60), max_size=8))
def test_any_values_give_shares_and_nothing_else(seen: list[str]) -> None:
    found = values.signs(seen)
    assert all(0 < share <= 1 for share in found.shares.values()) and set(found.shares) <= set(values.SHAPES)


@given(some.text(max_size=40))
def test_any_name_can_be_spoken(name: str) -> None:
    assert all(one == one.lower() for one in spoken(name))
    guess(text(name), people=True, linked=True)


def key(name: str, table: str) -> ForeignKey:
    return ForeignKey((name,), table, ("id",))


def table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> Table:
    """`column:kind!` is not null."""
    made = []
    for one in columns:
        word, _, kind = one.rstrip("!").partition(":")
        made.append(Column(word, kind or "text", kind or "text", not one.endswith("!")))
    return Table(name, (Column("id", "integer", "integer", False), *made), ("id",), (), keys)


USERS = table("users", "email", "name")


def drafted(*tables: Table) -> dict[str, drafting.Drafted]:
    return drafting.draft(tables, {}, {one.name: "app" for one in tables})


def references(one: drafting.Drafted) -> dict[str, object]:
    return {row["name"]: row["references"] for row in one.row["fields"] if "references" in row}


def test_what_others_wrote_under_an_article_is_not_its_authors() -> None:
    posts = table("posts", "author_id:integer", "body", keys=(key("author_id", "users"),))
    comments = table(
        "comments",
        "user_id:integer",
        "post_id:integer",
        "text",
        keys=(key("user_id", "users"), key("post_id", "posts")),
    )
    found = drafted(USERS, posts, comments)
    assert references(found["comments"]) == {"user_id": ["app.users.id"]}
    assert "post_id leads to posts too" in found["comments"].notes[0]
    assert found["posts"].row["erase"] == "mask", (
        "others' comments refer to the row: deleting it would break or lose them"
    )


def test_who_only_worked_on_a_row_is_not_whom_it_is_about() -> None:
    bills = table("bills", "created_by_id:integer", "sum", keys=(key("created_by_id", "users"),))
    assert drafted(USERS, bills)["bills"].skipped
    wishes = table("wishes", "requested_by_id:integer", "sum", keys=(key("requested_by_id", "users"),))
    assert not drafted(USERS, wishes)["wishes"].skipped


def test_a_reference_is_told_by_its_name_where_none_is_declared() -> None:
    visits = table("visits", "user_id:integer", "ip")
    assert references(drafted(USERS, visits)["visits"]) == {"user_id": ["app.users.id"]}
    two = drafted(USERS, table("app_users", "label"), visits)
    assert not references(two["visits"]), "two tables are called so: nothing is guessed"
    assert linking.with_guessed(table("x", "kunden_nr:integer"), [table("kunden", "mail")]).foreign_keys[0].guessed


def test_an_order_leads_up_to_its_address_and_a_message_belongs_to_two() -> None:
    addresses = table("addresses", "first_name", "street")
    orders = table(
        "orders",
        "user_id:integer!",
        "address_id:integer",
        keys=(key("user_id", "users"), key("address_id", "addresses")),
    )
    messages = table(
        "messages", "sender_id:integer!", "recipient_id:integer!", "recipient_name", "body",
        keys=(key("sender_id", "users"), key("recipient_id", "users")),
    )  # fmt: skip
    found = drafted(USERS, addresses, orders, messages)
    assert references(found["orders"])["address_id"] == [{"target": "app.addresses.id", "direction": "up"}]
    people = {row["name"]: row.get("person") for row in found["messages"].row["fields"]}
    assert (people["body"], people["recipient_name"]) == ("sender_id", "recipient_id")


def test_a_table_is_as_sure_as_its_least_sure_column() -> None:
    surest = table("users", "email", "first_name")
    assert drafted(surest)["users"].confidence == 85
    assert drafted(table("users", "email", "first_name", "note"))["users"].confidence == 60
    assert drafted(table("colours", "label"))["colours"].confidence == 60


def test_a_survey_comes_back_from_json_and_its_fingerprint_knows_columns_not_rows() -> None:
    one = table("users", "email", keys=(ForeignKey(("a", "b"), "other", ("c", "d")),))
    assert from_json(to_json([one])) == [one]
    grown = Table(one.name, one.columns, one.primary_key, one.unique, one.foreign_keys, rows=9)
    assert fingerprint([one]) == fingerprint([grown])
    assert fingerprint([one]) != fingerprint([table("users", "email", "phone")])
