"""The desk's forms of the inventory: what a description's checks refuse is refused here in the same words."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet

from inventory import masks
from inventory.boxes import Json, Lines, Path, sentence
from inventory.descriptions import checks, crossings, picture, str_path
from inventory.descriptions.keys import Fault
from inventory.models import Collection, DataCategory, Dataset, Field, Reference

MASK_HELP = (
    'What an erasure writes, for example {"strategy": "null"} or {"strategy": "fixed", "value": "[erased]"}. Strategies: '
    + ", ".join(
        f"{name} ({', '.join(options)})" if options else name for name, options in masks.MASK_STRATEGIES.items()
    )
    + "."
)


def tell(form: forms.BaseForm, faults: Iterable[Fault]) -> None:
    """Put each fault beside its field of the form, or above the form."""
    for one in faults:
        form.add_error(one.key if one.key in form.fields else None, sentence(one.words))


class InRow(forms.ModelForm):
    """A form in a row of a table: the theme's column heads are no labels for who cannot see them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, one in self.fields.items():
            if one.widget.is_hidden:
                continue
            widget = getattr(one.widget, "widget", None) or one.widget
            widget.attrs["aria-label"] = str(one.label or name.replace("_", " ").capitalize())


class CategoryForm(forms.ModelForm):
    """A data category."""

    mask = Json(help_text=f"Of fields of this category that say nothing else. {MASK_HELP}")

    class Meta:
        model = DataCategory
        fields = ("key", "name", "sensitive", "mask")

    def clean_mask(self) -> Any:
        return _mask(self.cleaned_data.get("mask"))


def _mask(given: Any) -> Any:
    for words in masks.faults(given):
        raise forms.ValidationError(sentence(words))
    return masks.normal(given)


class DatasetForm(forms.ModelForm):
    """A dataset."""

    # The theme takes a posted field of the name "dataset" or "system" for its own: see CollectionForm.
    after = Lines(label="Searched after", help_text="Keys of datasets to be searched before this one, one in a line.")

    class Meta:
        model = Dataset
        fields = ("system", "key", "name", "description", "source", "source_detail", "after")

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if "after" in self.changed_data and self.cleaned_data.get("key"):
            row = {"key": self.cleaned_data["key"], "after": self.cleaned_data.get("after", [])}
            tell(self, _crossing(row))
        return data


class CollectionForm(forms.ModelForm):
    """The theme takes a posted field of the name "dataset" for a feature of its own and saves nothing: hence the prefix."""

    prefix = "collection"
    after = Lines(label="Searched after", help_text="Collections, as dataset.collection, one in a line.")
    erase_after = Lines(label="Erased after", help_text="Collections, as dataset.collection, one in a line.")

    class Meta:
        model = Collection
        fields = (
            "dataset", "name", "title", "description", "purposes", "erase", "erase_shared", "keep_ground", "keep_until",
            "dated_by", "in_package", "after", "erase_after", "skip",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        given = self.cleaned_data
        if given.get("erase") == Collection.Erase.KEEP and not given.get("keep_ground"):
            self.add_error("keep_ground", "Say why rows are kept, for example legal_obligation.")
        if {"after", "erase_after"} & set(self.changed_data) and given.get("dataset") and given.get("name"):
            row = {key: given.get(key) for key in ("name", "after", "erase_after")}
            tell(self, _crossing({"key": given["dataset"].key, "collections": [row]}))
        if given.get("skip") and "skip" in self.changed_data and self.instance.pk:
            referring = Reference.objects.filter(target__collection=self.instance)
            first = (
                referring.exclude(field__collection=self.instance).select_related("field__collection__dataset").first()
            )
            if first is not None:
                self.add_error("skip", f"{str_path(first.field)} refers to it. Remove that reference first.")
        return data


def _crossing(dataset: dict[str, Any]) -> list[Fault]:
    """The faults of what one dataset or collection says of others."""
    data = {"systems": [{"datasets": [dataset]}]}
    return list(crossings.faults(data, crossings.index(data, [picture()])))


class FieldForm(forms.ModelForm):
    """A field of a collection."""

    mask = Json(help_text=MASK_HELP)
    suppress = Json(help_text='Written by an opt-out, for example {"value": false}')
    restrict = Json(help_text='Written when processing is restricted, for example {"value": true}')

    class Meta:
        model = Field
        fields = (
            "collection", "name", "title", "data_type", "category", "primary_key", "identity", "person", "attribute",
            "mask", "suppress", "restrict", "read_only", "length", "every_element",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        given = self.cleaned_data
        tell(self, checks.field(given, ""))
        home = given.get("collection") or (self.instance.collection if self.instance.collection_id else None)
        names = set(home.fields.values_list("name", flat=True)) if home else set()
        # In the rows of a collection's page the names are those of the page: RowsOfFields looks at them.
        if "collection" in self.fields or self.instance.pk:
            self.person(given, names | {given.get("name")})
        if given.get("mask") is not None:
            given["mask"] = masks.normal(given["mask"])
        return data

    def person(self, given: dict[str, Any], names: set[Any]) -> None:
        """`person` must be a field beside this one."""
        if given.get("person") and given["person"] not in names:
            self.add_error("person", f"{given['person']!r} is not a field of the collection.")


class RowForm(InRow, FieldForm):
    """A field as a row on its collection's page."""

    restrict = None  # type: ignore[assignment]  # on the page of the field itself

    class Meta:
        model = Field
        fields = ("name", "title", "data_type", "category", "primary_key", "identity", "person", "attribute", "mask",
                  "suppress", "read_only")  # fmt: skip

    def person(self, given: dict[str, Any], names: set[Any]) -> None:
        """Looked at by RowsOfFields: the field may be new on the same page."""


class RowsOfFields(BaseInlineFormSet):
    """The fields of a collection, together."""

    def clean(self) -> None:
        super().clean()
        rows = [one.cleaned_data for one in self.forms if getattr(one, "cleaned_data", None)]
        if not rows or any(one.errors for one in self.forms):
            return
        home: Collection = self.instance
        said = {"dated_by": home.dated_by, "skip": home.skip, "fields": rows}
        found = [sentence(one.words) for one in checks.collection(said, home.name)]
        if found:
            raise forms.ValidationError(found)


class ReferenceForm(forms.ModelForm):
    """A reference from one field to another."""

    field = Path(label="Field")
    target = Path(label="Refers to")

    class Meta:
        model = Reference
        fields = ("field", "target", "direction", "group")

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        given = self.cleaned_data
        source = given.get("field") or (self.instance.field if self.instance.field_id else None)
        target = given.get("target")
        if source and target:
            if source == target:
                self.add_error("target", "A field cannot refer to itself.")
            if target.collection.skip and target.collection.fields.filter(primary_key=True).exists():
                self.add_error("target", "That collection is left out (skip), so nothing can refer to it.")
            if given.get("group") and given.get("direction"):
                self.together(source, target, given)
        return data

    def together(self, source: Field, target: Field, given: dict[str, Any]) -> None:
        """The references of one group go the same way."""
        others = Reference.objects.filter(
            field__collection=source.collection_id, target__collection=target.collection_id, group=given["group"]
        ).exclude(pk=self.instance.pk)
        if others.exclude(direction=given["direction"]).exists():
            self.add_error("direction", f"The other references of the group {given['group']} go another way.")


class ReferenceRow(InRow, ReferenceForm):
    """A reference as a row on its field's page."""

    class Meta:
        model = Reference
        fields = ("target", "direction", "group")
