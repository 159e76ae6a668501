"""Mails taken apart: what a stranger may send ends soon, crashes nothing, and says no more than it says."""

import time
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from requests_app.inbox import reading, sorting

OWN = {"privacy@hireline.example"}


def mail(subject: str = "My data", text: str = "Please send me a copy.", **heads: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = heads.pop("From", "Ada Lovelace <ada@example.org>")
    message["To"], message["Subject"] = "privacy@hireline.example", subject
    message["Message-ID"] = heads.pop("Message_ID", "<1@example.org>")
    for name, value in heads.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes) -> reading.Mail:
    return reading.read(message if isinstance(message, bytes) else message.as_bytes())


def reason(message: EmailMessage | bytes) -> str:
    return sorting.reason(read(message), own=OWN, host="privacy.hireline.example")


def test_a_plain_mail_is_taken_apart():
    message = mail(In_Reply_To="<a@us>", References="<b@us> <a@us>")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Brief über mich.pdf")
    one = read(message)
    assert (one.sender, one.sender_name, one.subject) == ("ada@example.org", "Ada Lovelace", "My data")
    assert (
        one.text == "Please send me a copy."
        and one.answers == ("<a@us>", "<b@us>")
        and one.message_id == "<1@example.org>"
    )
    assert one.files == (reading.Part("Brief über mich.pdf", b"%PDF-1.7"),)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"From: a@b.example\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe", "Grüße"),
        (b"From: a@b.example\nContent-Type: text/plain; charset=no-such-charset\n\nGr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe", "Grüße"),
        (b"From: a@b.example\nContent-Type: text/plain; charset=\"\\\n\nhello", "hello"),
        (b"From: a@b.example\nContent-Transfer-Encoding: base64\n\n!!!not base64", None),
        (b"From: a@b.example\nContent-Type: text/html\n\n<style>x{}</style><p>Hello</p><p>you &amp; me<script>1</script>",
         "Hello\nyou & me"),
        (b"From: a@b.example\nContent-Type: multipart/mixed\n\nno boundary", None),
        (b"no mail at all", None),
        (b"", ""),
        (b"\x00\xff" * 500, None),
        (b"From: a@b.example\nSubject: =?utf-8?b?////?=\n\nx\x00y\xe2\x80\xaez", "x y z"),
    ],
)  # fmt: skip
def test_bad_bytes_and_charsets_are_read_as_well_as_they_can_be(raw, text):
    one = read(raw)
    assert "\x00" not in one.text and "\u202e" not in one.text
    assert text is None or one.text == text


def test_encoded_headers_become_words_on_one_line():
    one = read(b"From: =?utf-8?q?J=C3=B6rg=0D=0ABcc=3A_x?= <j@example.org>\nSubject: =?utf-8?q?a=0Ab?=\n\nx")
    assert one.sender == "j@example.org" and "\n" not in one.sender_name and one.subject == "a b"


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.example, c@d.example", "Undisclosed:;"])
def test_no_sender_or_two_are_none(sender):
    assert read(b"From: " + sender.encode() + b"\n\nx").sender == ""


def nested(depth: int) -> bytes:
    heads = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (one, one) for one in range(depth))
    return b"From: a@b.example\n" + heads + b"Content-Type: text/plain\n\nx\n"


@pytest.mark.parametrize(
    "raw",
    [
        nested(60),
        nested(5000),
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: text/plain\n\ny\n" * 10_000,
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\ny\n" * 10_000,
        b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 3000,
    ],
)  # fmt: skip
def test_too_many_parts_and_too_deep_ones_end_soon(raw):
    started = time.process_time()
    with pytest.raises(reading.Unreadable):
        read(raw)
    assert time.process_time() - started < 3


def test_a_page_of_unclosed_marks_is_read_soon():
    started = time.process_time()
    page = b"<script" * 30_000 + b"<" * 100_000 + b"words"
    read(b"From: a@b.example\nContent-Type: text/html\n\n" + page)
    assert time.process_time() - started < 3


def report(action: str = "failed", status: str = "5.1.1") -> bytes:
    whole = MIMEMultipart("report", **{"report-type": "delivery-status"})
    whole["From"], whole["Subject"] = "MAILER-DAEMON@mx.example", "Undelivered"
    whole.attach(MIMEText("It did not arrive."))
    block = MIMEText("")
    block = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: {action}\nStatus: {status}\n"
    inner = "Content-Type: text/rfc822-headers\n\nMessage-ID: <letter@privacy.hireline.example>\nSubject: x\n"
    mark = "==b=="
    return (
        f'From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary="{mark}"\n\n'
        f"--{mark}\nContent-Type: text/plain\n\nSorry.\n--{mark}\n{block}\n--{mark}\n{inner}\n--{mark}--\n"
    ).encode()


def test_a_delivery_report_names_the_letter_that_came_back():
    one = read(report())
    assert one.returned == ("<letter@privacy.hireline.example>",) and (one.status, one.action) == ("5.1.1", "failed")
    assert reason(report()) == "bounce" and read(report("delayed", "4.4.1")).action == "delayed"


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        ({}, ""),
        ({"Auto_Submitted": "no"}, ""),
        ({"Auto_Submitted": "auto-replied"}, "auto"),
        ({"Auto_Submitted": "auto-generated; x=y"}, "auto"),
        ({"Precedence": "bulk"}, "auto"),
        ({"Precedence": "list"}, "list"),
        ({"List_Id": "<dev.lists.example>"}, "list"),
        ({"List_Unsubscribe": "<https://agent.example/stop>"}, ""),
        ({"X_Auto_Response_Suppress": "All"}, "auto"),
        ({"X_Autoreply": "yes"}, "auto"),
        ({"Return_Path": "<>"}, "auto"),
        ({"From": "MAILER-DAEMON@mx.example"}, "auto"),
        ({"From": "Postmaster <postmaster@mx.example>"}, "auto"),
        ({"From": "Privacy@Hireline.example"}, "own"),
        ({"Message_ID": "<x@privacy.hireline.example>"}, "own"),
    ],
)
def test_what_no_person_wrote_is_told_apart(heads, expected):
    assert reason(mail(**heads)) == expected


@pytest.mark.parametrize(
    ("results", "noted"),
    [
        ([], ""),
        (["mx.hireline.example; spf=pass smtp.mailfrom=a; dkim=fail; dmarc=pass"], "spf=pass dkim=fail dmarc=pass"),
        (["mx.evil.example; dkim=pass; dmarc=pass"], ""),
        (["mx.evil.example; dmarc=pass", "mx.hireline.example; dmarc=fail"], "dmarc=fail"),
        (["mx.hireline.example; dmarc=fail", "mx.hireline.example; dmarc=pass"], "dmarc=fail"),
        (["mx.hireline.example; dkim=fail (dmarc=pass) header.d=x"], "dkim=fail"),
        (["MX.hireline.example 1; spf=softfail"], "spf=softfail"),
    ],
)
def test_only_what_our_own_server_noted_counts(results, noted):
    raw = (
        b"".join(b"Authentication-Results: " + one.encode() + b"\r\n" for one in results)
        + b"From: a@b.example\r\n\r\nx"
    )
    assert reading.authentication(raw, ["mx.hireline.example"]) == noted


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Please delete my account and everything.", "delete"),
        ("Ich bitte um Auskunft nach Art. 15 DSGVO.", "access"),
        ("Bitte löschen Sie meine Daten.", "delete"),
        ("DO NOT SELL my personal information", "opt_out_sale"),
        ("My surname is wrong, please correct it.", "correct"),
        ("Supprimez mes données", "delete"),
        ("When is your office open?", ""),
    ],
)
def test_a_right_is_guessed_from_words(text, right):
    one = sorting.guess(read(mail(text=text, From="a@firma.de")), {"DE": "Germany", "GB": "UK"}, {"en": "", "de": ""})
    assert one["right"] == right and one["residence"] == "DE"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Please delete all of my data.", "en"),
        ("Bitte löschen Sie alles, was Sie über mich haben.", "de"),
        ("Je vous prie de supprimer mes données.", "fr"),
        ("12345", ""),
    ],
)
def test_a_language_is_guessed_from_small_words(text, language):
    one = read(mail("", text, From="a@firma.de"))
    assert sorting.guess(one, {}, {"en": "", "de": "", "fr": ""})["language"] == language
    assert sorting.guess(one, {}, {"xx": ""})["language"] == ""


def test_references_in_a_subject_are_found_once():
    assert sorting.references("Re: pr-7k3m-2q9d and PR-7K3M-2Q9D") == ["PR-7K3M-2Q9D"]
    assert sorting.references("APR-7K3M-2Q9D0 PR-ILOU-0000") == []
