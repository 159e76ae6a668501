"""The notice's Markdown: what it can do, and that nothing else gets through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_app import prose


def test_headings_lists_tables_and_words():
    html = prose.html(
        "# Title\n\nSome **bold** and *slanted* `code`.\nSecond line.\n\n## Part\n\n- one\n- two\n  goes on\n\n"
        "1. first\n2. second\n\n| What | How long |\n|---|---|\n| Logs | 90 days |\n\n---\n\nEnd"
    )
    assert '<h2 id="title">Title</h2>' in html and '<h3 id="part">Part</h3>' in html
    assert "<p>Some <strong>bold</strong> and <em>slanted</em> <code>code</code>. Second line.</p>" in html
    assert "<ul><li>one</li><li>two goes on</li></ul>" in html and "<ol><li>first</li><li>second</li></ol>" in html
    assert '<th scope="col">What</th>' in html and "<td>90 days</td>" in html and html.endswith("<p>End</p>")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](//evil.example)",
        '[x](https://a.example/"onmouseover="alert(1))',
        "[<img src=x onerror=alert(1)>](https://a.example)",
        "# <b>x</b>",
        "| <i>a</i> |\n|---|\n| <u>b</u> |",
        "- <script>",
    ],
)
def test_no_markup_of_the_author_passes(hostile):
    html = prose.html(hostile)
    links = ('href="javascript', 'href="JaVa', 'href="data', 'href="//', '"onmouse')
    for forbidden in ("<script", "<img", "<b>", "<i>", "<u>", *links):
        assert forbidden not in html


@pytest.mark.parametrize("target", ["https://a.example/x?y=1&z=2", "mailto:privacy@example.org", "/request/", "#part"])
def test_a_proper_link_is_a_link(target):
    away = ' rel="noreferrer"' if target.startswith("http") else ""
    assert prose.html(f"[words]({target})") == f'<p><a href="{target.replace("&", "&amp;")}"{away}>words</a></p>'


@given(st.text(alphabet="#-*|[]()` \n1.<>\"'&ab:/", max_size=200))
def test_any_text_becomes_html_with_known_tags_only(text):

    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", prose.html(text)))
    assert tags <= {"p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "code", "a", "div", "table"} | {
        "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


def test_headings_of_the_same_words_and_of_other_scripts_have_marks_of_their_own():
    text = "## Kept\n\nA.\n\n## Kept\n\n## 保存期限\n\n### `Deep` **er**\n"
    marks = [one.mark for one in prose.headings(text)]
    assert len(set(marks)) == 4 and all(marks)
    assert re.findall(r'id="([^"]+)"', prose.html(text)) == marks, "the table of contents finds them"
    assert prose.headings(text)[3].words == "Deep er"


def test_a_link_goes_where_the_register_leads():
    made = prose.html("[jobs](https://a.example/?a=1&b=2)", {"https://a.example/?a=1&b=2": "/leaving/7/"}.get)
    assert made == '<p><a href="/leaving/7/">jobs</a></p>'
