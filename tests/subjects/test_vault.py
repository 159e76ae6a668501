"""What is stored can be read back by its place only, and found by its index only."""

import base64
import secrets

import pytest
from django.core.exceptions import FieldError
from django.db import connection

from audit import actor
from audit.refusal import Refused
from subjects import identifiers, registry, vault
from subjects.models import Identifier

CLERK = actor.worker("test")


def ring(*names: str) -> str:
    return ",".join(f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}" for name in names)


def test_a_value_comes_back_and_two_ciphertexts_of_it_differ() -> None:
    one, two = (vault.encrypt("Zoë".encode(), "here") for _ in range(2))
    assert vault.decrypt(one, "here").decode() == "Zoë"
    assert one != two


def test_a_value_moved_to_another_column_does_not_decrypt() -> None:
    with pytest.raises(vault.Undecryptable):
        vault.decrypt(vault.encrypt(b"x", "subjects.identifier.value"), "requests_app.note.text")


def test_a_changed_value_does_not_decrypt() -> None:
    stored = vault.encrypt(b"hello world", "here")
    raw = bytearray(base64.b64decode(stored.rsplit(":", 1)[1]))
    raw[-1] ^= 1
    with pytest.raises(vault.Undecryptable):
        vault.decrypt(f"v1:local:{base64.b64encode(raw).decode()}", "here")


def test_after_a_rotation_old_values_still_open_and_new_ones_use_the_new_key(settings) -> None:
    settings.DATA_KEYS = ring("old")
    stored = vault.encrypt(b"kept", "here")
    settings.DATA_KEYS = ring("new") + "," + settings.DATA_KEYS
    assert vault.decrypt(stored, "here") == b"kept"
    assert vault.encrypt(b"kept", "here").startswith("v1:new:")


def test_without_its_key_a_value_is_undecryptable_and_the_error_does_not_show_it(settings) -> None:
    stored = vault.encrypt(b"secret words", "here")
    settings.DATA_KEYS = ring("other")
    with pytest.raises(vault.Undecryptable) as caught:
        vault.decrypt(stored, "here")
    assert "secret" not in str(caught.value)


@pytest.mark.django_db
def test_the_column_holds_no_readable_address_and_cannot_be_searched() -> None:
    subject = registry.find_or_make("email", "Anna.Lind@Example.org", actor=CLERK)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value, blind_index FROM subjects_identifier")
        row = cursor.fetchone()
    assert "anna" not in str(row).lower()
    assert Identifier.objects.get().value == "Anna.Lind@Example.org"
    with pytest.raises(FieldError):
        Identifier.objects.filter(value="Anna.Lind@Example.org").exists()
    assert registry.known("email", "anna.lind@EXAMPLE.org") == subject


@pytest.mark.django_db
def test_the_same_person_is_found_again_and_a_similar_address_is_somebody_else() -> None:
    anna = registry.find_or_make("email", "anna@example.org", actor=CLERK)
    assert registry.find_or_make("email", " ANNA@example.org ", actor=CLERK) == anna
    for similar in ("anna@example.com", "ann@example.org", "anna+x@example.org", "a.nna@example.org"):
        assert registry.find_or_make("email", similar, actor=CLERK) != anna


@pytest.mark.django_db
def test_an_address_that_two_people_share_is_for_a_colleague_to_decide() -> None:
    anna = registry.find_or_make("email", "anna@example.org", actor=CLERK)
    bert = registry.find_or_make("email", "bert@example.org", actor=CLERK)
    for person in (anna, bert):
        registry.add(person, "email", "family@example.org", actor=CLERK)
    with pytest.raises(Refused):
        registry.known("email", "family@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "", "anna", "anna@", "@example.org", "anna@localhost", "anna@127.0.0.1", "anna@[127.0.0.1]", '"<x>"@example.org',
        "=?utf-8?q?a?=@exa mple.org", "mıke@example.org", "a..b@example.org", ".a@example.org", "a@example..org",
        "a@-example.org", "a@example.org\r\nBcc: b@example.org", "a%00\x00@example.org", "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org", "a@b@example.org ,c@example.org", "名前@例え.jp",
        "=?utf-8?q?a?=@example.org", "a%b@example.org", "a%0d%0abcc@example.org", "a!b@example.org", "a@fuß.example",
        "a@ｅxample.org", "a@ﬁ.example", "a@xn--0049.org", "a@xn--.org", "a@xn--99999999.org",
        "a@аpple.com", "a@xn--pple-43d.com",
        "a@example.org..", "a＠example.org",
    ],
)  # fmt: skip
def test_an_address_that_mail_cannot_reach_is_refused_in_words(address: str) -> None:
    with pytest.raises(Refused) as caught:
        identifiers.email(address)
    assert caught.value.field == "email" and caught.value.message.endswith(".")


def test_a_domain_in_another_script_is_compared_as_its_ascii_form() -> None:
    assert identifiers.email("Anna@Bücher.example") == "anna@xn--bcher-kva.example"
    assert identifiers.email("a@bu\u0308cher.example") == "a@xn--bcher-kva.example", "composed or not"
    assert identifiers.email("a@xn--fu-hia.example") == "a@xn--fu-hia.example"
    # A look-alike wholly in Cyrillic letters is a domain of its own, and stays somebody else.
    assert identifiers.email("a@аррӏе.com") == "a@xn--80ak6aa92e.com"


def test_a_masked_identifier_cannot_be_used() -> None:
    assert identifiers.masked("email", "anna@example.org") == "a•••@example.org"
    assert identifiers.masked("name", "Anna Lind") == "A••• L•••"
