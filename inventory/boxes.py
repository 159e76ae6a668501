"""The boxes of the desk's forms of the inventory that Django has none for: names, JSON, and fields by their path."""

from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from inventory import storable
from inventory.descriptions import str_path
from inventory.models import Field

PATH_HELP = "Write dataset.collection.field, as in a description."


def sentence(words: str) -> str:
    """A fault's words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."


class Lines(forms.Field):
    """A list of names, one in a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), **kwargs)

    def prepare_value(self, value: Any) -> str:
        """The lines of a stored list."""
        return value if isinstance(value, str) else "\n".join(value or [])

    def to_python(self, value: Any) -> list[str]:
        """The list that the lines make."""
        return list(dict.fromkeys(one.strip() for one in str(value or "").splitlines() if one.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(self.prepare_value(initial)) != self.to_python(data)


class Json(forms.JSONField):
    """A small mapping as JSON; nothing is an empty box, not the word null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The JSON of a stored value."""
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """The value of the JSON. Raises ValidationError for what is none, and for what no database would hold."""
        try:
            found = super().to_python(value)
        except RecursionError as error:
            raise forms.ValidationError(sentence(storable.TOO_DEEP)) from error
        except (ValueError, UnicodeError) as error:  # a number of thousands of digits
            raise forms.ValidationError(sentence(storable.NO_NUMBER)) from error
        if words := storable.json_fault(found):
            raise forms.ValidationError(sentence(words))
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What is shown again: the words themselves where they are no JSON that can be held."""
        try:
            self.to_python(data)
        except forms.ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except forms.ValidationError:
            return True


class Path(forms.Field):
    """A field of the inventory by its path; a list of all fields of a company would be too long to choose from."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}), help_text=PATH_HELP, **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        """The path of a stored field."""
        if isinstance(value, int):
            value = Field.objects.select_related("collection__dataset").filter(pk=value).first()
        return str_path(value) if isinstance(value, Field) else value

    def to_python(self, value: Any) -> Field | None:
        """The field of this path. Raises ValidationError if there is none."""
        text = str(value or "").strip()
        if not text:
            return None
        found = None if storable.text_fault(text) else field_at(text)
        if found is None:
            raise forms.ValidationError(f"There is no field {text}. {PATH_HELP}")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != str(data or "").strip()


def field_at(path: str) -> Field | None:
    """The field of `dataset.collection.field`; names of collections and fields may hold dots themselves."""
    dataset, _, rest = path.partition(".")
    parts = rest.split(".")
    fields = Field.objects.filter(collection__dataset__key=dataset)
    for cut in range(1, len(parts)):
        found = fields.filter(collection__name=".".join(parts[:cut]), name=".".join(parts[cut:])).first()
        if found is not None:
            return found
    return None
