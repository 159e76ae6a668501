"""Receipts: what stands in them, that public validators take them, and that anybody can check them without us."""

import json
import subprocess
import sys
from datetime import timedelta

import jwt
import pyshacl
import pytest
import rdflib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from jwt.utils import base64url_encode

from audit.models import Event
from consent import choices
from consent.models import Choice
from consent.receipts import records, signing
from inventory.models import Collection, DataCategory, Dataset, Field, System
from tests.consent.builders import ADA, CLERK, Caller, ada, published, purpose
from tests.house.tree import ROOT

pytestmark = pytest.mark.django_db
DPV = rdflib.Namespace("https://w3id.org/dpv#")
SCRIPT = ROOT / "docs" / "samples" / "verify_receipt.py"


def notice():
    return published("Words.")


def chosen(granted=True, act="", **more):
    """Ada's choice about the newsletter, under words and a notice, from Germany."""
    news = purpose(**({"consequence": "You look for jobs yourself."} | more))
    how = choices.How(words="May we?\nYes | No", language="de", region="DE", act=act,
                      expires_at=timezone.now() + timedelta(days=365))  # fmt: skip
    return choices.record(ada(), news, granted, source="banner", actor=CLERK, notice=notice(), how=how)


def graph(receipt) -> rdflib.Graph:
    """Read by a public library, which could ask nobody: the @context stands in the receipt."""
    return rdflib.Graph().parse(data=json.dumps(receipt), format="json-ld")


def conforms(receipt) -> tuple[bool, str]:
    shapes = rdflib.Graph().parse(records.SCHEMAS / "receipt-shapes-1.ttl")
    good, _, text = pyshacl.validate(graph(receipt), shacl_graph=shapes, inference="none", advanced=False)
    return good, text


@pytest.mark.parametrize(
    ("basis", "granted", "act", "status"),
    [
        ("consent", True, "", "ConsentGiven"),
        ("consent", False, "", "ConsentRefused"),
        ("consent", False, "withdrawn", "ConsentWithdrawn"),
        ("consent", False, "signal", "ConsentRefused"),
        ("legitimate_interests", False, "", "LegitimateInterestObjected"),
        ("legitimate_interests", True, "", "LegitimateInterestNotObjected"),
    ],
)
def test_each_act_is_the_term_of_the_vocabulary_and_the_shapes_take_it(basis, granted, act, status) -> None:
    made = records.receipt([chosen(granted, act, lawful_basis=basis)])
    good, text = conforms(made)
    assert good, text
    assert any(graph(made).subjects(rdflib.RDF.type, DPV[status]))
    assert bool(set(graph(made).predicates()) & {DPV.hasConsentStatus}) is (basis == "consent")


def test_a_receipt_says_what_for_whose_under_which_words_and_until_when() -> None:
    choice = chosen()
    dataset = Dataset.objects.create(system=System.objects.create(key="s", name="S"), key="s", name="S")
    people = Collection.objects.create(dataset=dataset, name="people")
    people.purposes.add(choice.purpose)
    mail = DataCategory.objects.create(key="contact.email", name="E-mail")
    Field.objects.create(collection=people, name="mail", category=mail)
    made = records.receipt([choice])
    (record,) = made["record"]
    assert record["notice"]["text"] == "May we?\nYes | No" and record["notice"]["sha256"] == choice.notice.digest
    assert record["process"]["personalData"] == [
        {"type": "dpv:PersonalData", "identifier": "contact.email", "title": "E-mail"}
    ]
    assert record["consentStatus"]["validUntil"] > made["created"] and record["jurisdiction"] == "DE"
    assert made["creator"] == records.EXPORTER and record["controller"]["name"]
    facts = graph(made)
    assert (None, DPV.hasLegalBasis, DPV.Consent) in facts
    assert (None, DPV.hasPersonalData, None) in facts and (None, DPV.hasDataController, None) in facts
    unknown = {str(term) for term in facts.predicates() if not str(term).startswith(("https://", "http://"))}
    assert not unknown, "every term of the receipt is mapped"


def test_recipients_and_periods_are_those_that_the_notice_named() -> None:
    names = [
        {"kind": "recipients", "key": "adnet", "words": "AdNet Ltd", "says": ""},
        {"kind": "retention", "key": "mails", "words": "Mails: 2 years", "says": "2 years"},
        {"kind": "sources", "key": "person", "words": "You yourself", "says": ""},
    ]
    choice = choices.record(
        ada(),
        purpose(),
        True,
        source="banner",
        actor=CLERK,
        notice=published("We say AdNet Ltd. Mails: 2 years. You yourself.", names=names),
    )
    made = records.receipt([choice])
    process = made["record"][0]["process"]
    assert process["recipient"] == [{"type": "dpv:Recipient", "identifier": "adnet", "title": "AdNet Ltd"}]
    assert process["storage"] == [
        {"type": "dpv:StorageDuration", "identifier": "mails", "description": "Mails: 2 years"}
    ]
    assert conforms(made)[0], conforms(made)[1]
    nameless = json.loads(json.dumps(made))
    del nameless["record"][0]["process"]["recipient"][0]["title"]
    assert not conforms(nameless)[0]


def test_no_receipt_names_the_person() -> None:
    text = json.dumps(records.receipt([chosen()])["record"]).lower()
    assert "ada@" not in text and "lovelace" not in text and '"ada' not in text and " ada" not in text


@pytest.mark.parametrize(
    "lost", ["dataSubject", "controller", "process", "notice", "consentStatus", "control", "jurisdiction"]
)
def test_the_shapes_refuse_a_record_that_lacks_something(lost) -> None:
    made = records.receipt([chosen()])
    del made["record"][0][lost]
    assert not conforms(made)[0]


def test_a_script_that_knows_nothing_of_us_verifies_it_and_sees_every_change(tmp_path) -> None:
    made = records.receipt([chosen(name="Žurnál 求职")])
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(signing.published()))

    def said(receipt) -> subprocess.CompletedProcess:
        file = tmp_path / "receipt.jsonld"
        file.write_bytes(records.pretty(receipt))
        return subprocess.run([sys.executable, "-I", SCRIPT, file, keys], capture_output=True, text=True, check=False)

    assert "good, signed with key local" in said(made).stdout
    changed = json.loads(json.dumps(made))
    changed["record"][0]["process"]["purpose"]["title"] = "Something else"
    assert said(changed).returncode != 0 and "InvalidSignature" in said(changed).stderr
    script = SCRIPT.read_text().replace("privacyops-receipt-keys", "")
    assert "privacyops" not in script and "consent." not in script


def test_any_library_of_json_web_signatures_verifies_it() -> None:
    made = records.receipt([chosen()])
    head, _, tail = made.pop("signature").partition("..")
    payload = base64url_encode(signing.canonical(made)).decode()
    key = jwt.PyJWK(signing.published()["keys"][0])
    jwt.api_jws.decode(f"{head}.{payload}.{tail}", key.key, algorithms=["EdDSA"])


def test_a_new_key_signs_and_the_old_one_still_verifies(settings) -> None:
    old = records.receipt([chosen()])
    private = signing.encoded(Ed25519PrivateKey.generate().private_bytes_raw())
    retired = signing.keys(settings.RECEIPT_KEYS)[0].jwk["x"]
    settings.RECEIPT_KEYS = f"2027:{private},local:public:{retired}"
    new = records.receipt(Choice.objects.all())
    assert signing.holds(old) and signing.holds(new)
    assert [one["kid"] for one in signing.published()["keys"]] == ["2027", "local"]
    settings.RECEIPT_KEYS = f"2027:{private}"
    assert not signing.holds(old)


@pytest.mark.parametrize("text", ["", "a:short", "a:!!!!", "a:public:" + "A" * 43, "a:" + "A" * 43 + ",a:" + "A" * 43])
def test_keys_that_cannot_sign_are_refused_in_words(text) -> None:
    with pytest.raises(ValueError, match="RECEIPT_KEYS"):
        signing.keys(text)


def test_what_canonical_json_would_write_otherwise_is_not_signed() -> None:
    for value in ({"a": 1.5}, {"ä": 1}, {"a": None}):
        with pytest.raises(ValueError, match=r"receipt|names"):
            signing.canonical(value)
    assert signing.canonical({"b": [1, "é"], "a": True}) == '{"a":true,"b":[1,"é"]}'.encode()


def test_the_keys_and_the_shapes_are_public(client) -> None:
    answer = client.get("/.well-known/privacyops-receipt-keys.json")
    assert answer.json() == signing.published() and "d" not in answer.json()["keys"][0]
    assert b"sh:NodeShape" in client.get("/schemas/receipt-1.ttl").content


def test_programs_fetch_the_receipt_of_a_person(client) -> None:
    choice = chosen()
    site = Caller("consent:read")
    answer = site.post("/api/v1/consent/receipts/", {"identifier": ADA, "choice": str(choice.pk)}, key=None)
    assert answer.status_code == 200 and signing.holds(json.loads(answer.content))
    assert Event.objects.filter(name="receipt.fetched", subject_id=choice.subject_id).count() == 1
    for other in (
        {"identifier": {"kind": "email", "value": "nobody@example.org"}},
        {"identifier": ADA, "choice": "0" * 32},
    ):
        assert site.post("/api/v1/consent/receipts/", other, key=None).status_code == 422
    assert Caller("consent:write", name="w").post("/api/v1/consent/receipts/", {"identifier": ADA}).status_code == 403


def test_a_receipt_costs_a_fixed_number_of_queries(django_assert_max_num_queries) -> None:
    news = purpose()
    for n in range(12):
        choices.record(ada(), news if n % 2 else purpose(f"p{n}"), bool(n % 3), source="api", actor=CLERK)
    with django_assert_max_num_queries(3):
        records.receipt(Choice.objects.all()[:2])
    rows = list(Choice.objects.all())
    with django_assert_max_num_queries(3):
        assert len(records.receipt(rows)["record"]) == 12
