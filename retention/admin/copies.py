"""Archives and backups on the desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from audit import actor
from audit.accountable import Accountable, Input, ReadOnly, Verb
from audit.refusal import Refused
from connectors import stores
from retention import archiving, copies, replays
from retention.models import Archive, CopySet, StoredCopy


def _look(one: CopySet, by: User, given: dict[str, str]) -> str:
    return copies.look_now(one, by=by)


def _verify(one: CopySet, by: User, given: dict[str, str]) -> str:
    copies.verify(one, by=by)
    return "Noted: verified just now."


def _replay(one: CopySet, by: User, given: dict[str, str]) -> str:
    if not by.has_perm("retention.run_replay"):
        raise Refused("Your role may not replay erasures. Ask your privacy officer.", code="not_allowed")
    try:
        since = parse_datetime(given["since"])
    except ValueError:  # written as a moment, and in no calendar: 30 February
        since = None
    if since is None:
        raise Refused("Write the moment of the backup.", code="since", field="since")
    since = timezone.make_aware(since) if timezone.is_naive(since) else since
    made = replays.open_replay(
        one.system.key if one.system else "", since, by=by, actor=actor.staff(by.pk), partial=given["what"] == "partial"
    )
    return f"{made.entries} entries of the sealed list are being done again. See Replays after a restore."


WHAT = (("whole", "The whole system"), ("partial", "Only some tables"))


class CopySetForm(ModelForm):
    """What we look into ourselves needs an address that we can read, and what we delete a pattern. An address may hold a
    secret: it can be written, never read.
    """

    address = forms.CharField(
        required=False, widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}), help_text="/mnt/backups/shop, or "
        "s3://key:secret@bucket/prefix?endpoint=https://…, with its key and secret. Empty: as it is.",
    )  # fmt: skip

    def clean_address(self) -> str:
        """What stands there already, unless another one was written."""
        return str(self.cleaned_data.get("address", "") or self.instance.address or "")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        expiry, address = found.get("expiry"), found.get("address", "")
        if address:
            try:
                stores.open_store(address)
            except stores.Permanent as error:
                raise ValidationError({"address": error.sentence}) from None
        elif expiry != CopySet.Expiry.THEIRS:
            raise ValidationError({"address": "Write where the copies lie: we cannot end what we do not find."})
        if expiry == CopySet.Expiry.OURS and not found.get("pattern"):
            raise ValidationError({"pattern": "Write which files are copies, for example *.dump: no other is touched."})
        return found


@admin.register(CopySet)
class CopySetAdmin(Accountable):
    """The register."""

    form = CopySetForm
    list_display = ("title", "system", "kind", "kept_days", "expiry", "responsible", "verified_at", "shown_sound")
    list_filter = ("kind", "expiry", "active", "sound")
    list_select_related = ("system", "responsible")
    fields = (
        "key", "title", "system", "kind", "place", "every_hours", "kept_days", "immutable_days", "expiry", "address", "pattern",
        "responsible", "active", "verified_at", "verified_by", "looked_at", "finding",
    )  # fmt: skip
    readonly_fields = ("verified_at", "verified_by", "looked_at", "finding")
    verbs = (
        Verb("verify", "Verified: they are where it says, and gone when it says", "retention.verify_copyset", _verify),
        Verb("look", "Look into the store now", "retention.verify_copyset", _look, shown=lambda one: bool(one.address)),
        Verb("replay", "Replay erasures after a restore", "retention.run_replay", _replay,
             (Input("since", "When the backup was made", kind="datetime-local"), Input("what", "What was restored", WHAT)),
             style="danger", confirm="What was erased in this system since then is erased again."),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: CopySet, form: Any, change: bool) -> None:
        # Another place or another pattern is another list: a colleague looks at it before anything is deleted.
        if {"address", "pattern", "kept_days", "expiry"} & set(form.changed_data):
            obj.verified_at, obj.verified_by = None, None
        if "active" in form.changed_data:
            obj.ended_at = None if obj.active else timezone.now()
        super().save_model(request, obj, form, change)

    @display(
        description="Last look", label={"as it should be": "success", "see it": "danger", "not looked into": "info"}
    )
    def shown_sound(self, one: CopySet) -> str:
        if not one.looked_at:
            return "not looked into"
        return "as it should be" if one.sound else "see it"


@admin.register(StoredCopy)
class StoredCopyAdmin(ReadOnly):
    """Single copies, as their stores listed them."""

    list_display = ("copy_set", "name", "taken_at", "expires_at", "state", "gone_at", "ended_by_us")
    list_filter = ("state", "copy_set")
    follow = ("copy_set",)
    fields = (
        "copy_set",
        "name",
        "taken_at",
        "expires_at",
        "size",
        "locked_until",
        "state",
        "seen_at",
        "gone_at",
        "ended_by_us",
    )


def _ask(archive: Archive, by: User, given: dict[str, str]) -> str:
    archiving.ask(archive, by=by, reason=given["reason"])
    return "Asked. Another colleague has to agree."


def _grant(archive: Archive, by: User, given: dict[str, str]) -> str:
    archiving.grant(archive, by=by)
    return "Agreed. The rows are brought back, and what was erased since is erased again."


def _sealed(archive: Archive) -> bool:
    return archive.state == Archive.State.SEALED


@admin.register(Archive)
class ArchiveAdmin(ReadOnly):
    """Sealed archives."""

    list_display = ("origin", "system", "rows", "state", "sealed_at", "purge_at", "asked_by")
    list_filter = ("state", "system")
    follow = ("system", "asked_by", "granted_by")
    fields = (
        "origin", "system", "state", "rows", "size", "sha256", "days", "sealed_at", "purge_at", "asked_by", "asked_at",
        "reason", "granted_by", "restored_at", "brought_back", "purged_at", "note", "certificate",
    )  # fmt: skip
    verbs = (
        Verb("ask", "Ask for the rows to come back", "retention.restore_archive", _ask, (Input("reason", "Why", most=300),),
             shown=lambda one: _sealed(one) and one.asked_by_id is None),
        Verb("grant", "Agree that they come back", "retention.restore_archive", _grant, style="danger",
             confirm="The rows are put back into the system.", shown=lambda one: _sealed(one) and one.asked_by_id is not None,
             offered=lambda one, user: one.asked_by_id != user.pk),
    )  # fmt: skip
