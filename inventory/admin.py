"""The inventory on the desk."""

from django import forms
from django.contrib import admin
from unfold.admin import TabularInline

from audit.accountable import Accountable
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System


class FieldInline(TabularInline):
    """The fields of a collection."""

    model = Field
    extra = 0
    can_delete = False
    fields = (
        "name",
        "title",
        "category",
        "primary_key",
        "identity",
        "person",
        "attribute",
        "mask",
        "suppress",
        "read_only",
    )
    tab = True


@admin.register(System)
class SystemAdmin(Accountable):
    """Places that hold data."""

    list_display = ("name", "role", "client", "owner", "region")
    list_filter = ("role",)
    search_fields = ("name", "key")


@admin.register(Dataset)
class DatasetAdmin(Accountable):
    """Collections that belong together."""

    list_display = ("name", "system", "source", "source_detail")
    list_filter = ("system", "source")
    list_select_related = ("system",)
    search_fields = ("name", "key")


class CollectionForm(forms.ModelForm):
    """The theme takes a posted field of the name "dataset" for a feature of its own and saves nothing: hence the prefix."""

    prefix = "collection"


@admin.register(Collection)
class CollectionAdmin(Accountable):
    """Tables."""

    form = CollectionForm

    list_display = ("name", "title", "dataset", "erase", "erase_shared", "keep_ground", "dated_by")
    list_filter = ("dataset", "erase")
    list_select_related = ("dataset",)
    search_fields = ("name", "title")
    inlines = (FieldInline,)


@admin.register(Purpose)
class PurposeAdmin(Accountable):
    """Processing activities."""

    list_display = ("name", "lawful_basis", "required", "sale_or_sharing")
    list_filter = ("lawful_basis", "required", "sale_or_sharing")


@admin.register(DataCategory)
class DataCategoryAdmin(Accountable):
    """Kinds of personal data."""

    list_display = ("key", "name", "sensitive")
    search_fields = ("key", "name")
