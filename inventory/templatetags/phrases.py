"""`{{ purpose.name|said }}`: the company's own words in the language of the page."""

from django import template

from inventory import phrases

register = template.Library()


@register.filter
def said(text: str) -> str:
    """The text in the language that is spoken just now, where the company translated it."""
    return phrases.said(text)
