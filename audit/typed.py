"""What was typed into a form of the desk: read without trust, and never lost when it could not be saved."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, QueryDict

from audit.refusal import Refused


class Json(forms.JSONField):
    """JSON that is refused in words when it cannot be read: a number of thousands of digits raises another error than the one
    that Django's own field expects.
    """

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, to be shown again."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)


def number(text: object) -> int:
    """A whole number, such as the key of a row; 0 for what is none, or longer than any of ours."""
    plain = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 18
    return int(str(text)) if plain else 0


def key(text: str) -> UUID | None:
    """The key of a row that has none of a number; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def refuse(request: HttpRequest, error: Refused) -> None:
    """The forms of this request will say `error`: saving found out what the form could not know."""
    request.refusal = error  # type: ignore[attr-defined]


def refusing(request: HttpRequest, form: Any) -> Any:
    """The form class, or one that says what saving was refused for."""
    error: Refused | None = getattr(request, "refusal", None)
    if error is None:
        return form

    def clean(self: Any) -> Any:
        given = super(said, self).clean()
        self.add_error(error.field if error.field in self.fields else None, ValidationError(error.message))
        return given

    said: type[Any] = type(form.__name__, (form,), {"clean": clean})
    return said


def unsaved(given: QueryDict, record: models.Model) -> list[tuple[str, str]]:
    """The words of a form that differ from those of the record, with the names of their fields."""
    found: list[tuple[str, str]] = []
    for name, value in given.items():
        try:
            field = record._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        text, label = str(value), getattr(field, "verbose_name", name)
        if text.strip() and not field.is_relation and text != str(getattr(record, name)):
            choices = dict(getattr(field, "choices", None) or ())
            found.append((str(label).capitalize(), str(choices.get(text, text))))
    return found
