"""The inventory on the desk."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import TabularInline
from unfold.decorators import display

from audit import actor
from audit.accountable import Accountable, Verb
from inventory import references
from inventory.descriptions import str_path
from inventory.forms import (
    CategoryForm,
    CollectionForm,
    DatasetForm,
    FieldForm,
    ReferenceForm,
    ReferenceRow,
    RowForm,
    RowsOfFields,
)
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System


class FieldInline(TabularInline):
    """The fields of a collection; more of each, and its references, stand on the field's own page."""

    model = Field
    form = RowForm
    formset = RowsOfFields
    fields = RowForm.Meta.fields
    extra = 0
    can_delete = False
    show_change_link = True
    tab = True


class ReferenceInline(TabularInline):
    """What a field refers to."""

    model = Reference
    form = ReferenceRow
    fk_name = "field"
    fields = ("target", "direction", "group")
    extra = 0
    can_delete = False
    show_change_link = True
    verbose_name_plural = "refers to"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("field", "target__collection__dataset")


@admin.register(System)
class SystemAdmin(Accountable):
    """Places that hold data."""

    list_display = ("name", "role", "client", "owner", "region")
    list_filter = ("role",)
    search_fields = ("name", "key")


@admin.register(Dataset)
class DatasetAdmin(Accountable):
    """Collections that belong together."""

    form = DatasetForm
    list_display = ("name", "system", "source", "source_detail")
    list_filter = ("system", "source")
    list_select_related = ("system",)
    search_fields = ("name", "key")


@admin.register(Collection)
class CollectionAdmin(Accountable):
    """Tables."""

    form = CollectionForm

    list_display = ("name", "title", "dataset", "erase", "erase_shared", "keep_ground", "dated_by")
    list_filter = ("dataset", "erase", "skip")
    list_select_related = ("dataset",)
    search_fields = ("name", "title")
    inlines = (FieldInline,)


@admin.register(Field)
class FieldAdmin(Accountable):
    """Columns, and what they refer to."""

    form = FieldForm
    list_display = ("path", "category", "identity", "primary_key", "read_only")
    list_filter = ("collection__dataset", "primary_key", "category")
    list_select_related = ("collection__dataset", "category")
    search_fields = ("name", "title", "collection__name")
    inlines = (ReferenceInline,)

    @display(description="Field", ordering="name")
    def path(self, field: Field) -> str:
        return str_path(field)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return FieldForm.Meta.fields  # the collection stays above its field when it can no longer change

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("collection",) if obj else ()


def _remove(reference: Reference, by: User, given: dict[str, str]) -> str:
    references.remove(reference, actor=actor.staff(by.pk))
    whole = " and the others of its group are" if reference.group else " is"
    return f"The reference{whole} removed. Rows are no longer found by it."


@admin.register(Reference)
class ReferenceAdmin(Accountable):
    """Which field leads to which."""

    form = ReferenceForm
    list_display = ("child", "refers_to", "direction", "group")
    list_filter = ("direction", "field__collection__dataset")
    list_select_related = ("field__collection__dataset", "target__collection__dataset")
    search_fields = ("field__name", "field__collection__name", "target__name", "target__collection__name", "group")
    ordering = ("field__collection__dataset__key", "field__collection__name", "field__name")
    verbs = (
        Verb("remove", "Remove this reference", "inventory.change_reference", _remove, style="danger",
             confirm="Rows that only this reference leads to will no longer be found."),
    )  # fmt: skip

    @display(description="Field", ordering="field__collection__name")
    def child(self, reference: Reference) -> str:
        return str_path(reference.field)

    @display(description="Refers to", ordering="target__collection__name")
    def refers_to(self, reference: Reference) -> str:
        return str_path(reference.target)

    def _do(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        answer = super()._do(request, pk, verb)
        if answer.status_code == 302 and not Reference.objects.filter(pk=pk).exists():
            return redirect("admin:inventory_reference_changelist")
        return answer


@admin.register(Purpose)
class PurposeAdmin(Accountable):
    """Processing activities."""

    list_display: tuple[str, ...] = ("name", "lawful_basis", "required", "sale_or_sharing")
    list_filter = ("lawful_basis", "required", "sale_or_sharing")


@admin.register(DataCategory)
class DataCategoryAdmin(Accountable):
    """Kinds of personal data."""

    form = CategoryForm
    list_display = ("key", "name", "sensitive", "mask")
    search_fields = ("key", "name")
