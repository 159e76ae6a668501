"""Nouns: privacy notices and their versions, their yearly review, and where they and the inventory drift apart."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models import Purpose


class NoticeVersion(models.Model):
    """One wording of a notice, in one language, for people of some places. Never changed after publication: a trigger of the
    database refuses it.

    Versions of one `key` and `number` are one text in several languages.
    """

    key = models.SlugField(max_length=40, default="privacy", help_text="Which notice: privacy, candidates ...")
    language = models.CharField(max_length=12, default="en")
    number = models.PositiveIntegerField()
    regions = models.CharField(
        max_length=300, blank=True, help_text="Places it is for, comma between: EU, US-CA. Empty: everywhere."
    )
    title = models.CharField(max_length=120)
    body = models.TextField(help_text="Markdown. A line [[purposes]], [[categories]], [[sources]], [[recipients]] or "
                                      "[[retention]] becomes the list of what the notice names.")  # fmt: skip
    short = models.TextField(
        "short notice", blank=True, help_text="A few sentences for the place where people give us data. Markdown."
    )
    summary = models.TextField(
        "what changed", blank=True, help_text="For people who know the version before: in a few sentences."
    )
    names = models.JSONField(
        default=list, editable=False, help_text="What the notice names: kind, key, and the words that it uses."
    )
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the wording.")
    effective_on = models.DateField()
    published_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    hands = models.JSONField(default=list, editable=False, help_text="Everybody who had a hand in it, by number.")
    proposed_at = models.DateTimeField(null=True, blank=True, editable=False)
    returned = models.TextField(blank=True, editable=False, help_text="What the reviewer wants changed.")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("key", "language", "-number")
        constraints = [
            models.UniqueConstraint(fields=("key", "language", "number"), name="notice_version_once"),
            models.CheckConstraint(
                name="notice_approved_by_another",
                condition=(Q(approved_by=None) | ~Q(approved_by=F("written_by")) | Q(written_by=None))
                & (Q(approved_by=None) | ~Q(approved_by=F("edited_by")) | Q(edited_by=None)),
            ),
            models.CheckConstraint(
                name="notice_published_by_another",
                condition=(Q(published_by=None) | ~Q(published_by=F("written_by")) | Q(written_by=None))
                & (Q(published_by=None) | ~Q(published_by=F("edited_by")) | Q(edited_by=None)),
            ),
        ]  # fmt: skip
        permissions = [
            ("publish_noticeversion", "Can publish a notice version"),
            ("approve_noticeversion", "Can approve a notice version that somebody else wrote"),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    @property
    def state(self) -> str:
        """published, approved, proposed, returned or draft."""
        if self.published_at:
            return "published"
        if self.approved_at:
            return "approved"
        return "proposed" if self.proposed_at else "returned" if self.returned else "draft"

    @property
    def places(self) -> list[str]:
        """The places it is for; none: everywhere."""
        return [one for one in self.regions.split(",") if one]


class Review(models.Model):
    """Somebody read the notice in force and found it still right: the law of California and good sense want that yearly."""

    version = models.ForeignKey(NoticeVersion, on_delete=models.PROTECT, related_name="reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.version_id} on {self.reviewed_at:%Y-%m-%d}"


class Drift(models.Model):
    """One thing that we have and a notice in force does not name, or names otherwise, or names without our having it. Kept by
    a sweep, so that the desk can count it.
    """

    class What(models.TextChoices):
        UNNAMED = "unnamed", "We have it, the notice does not name it"
        CHANGED = "changed", "The notice says something else"
        GONE = "gone", "The notice names it, we do not have it"
        UNSAID = "unsaid", "Declared, but the wording does not say it"

    version = models.ForeignKey(NoticeVersion, on_delete=models.CASCADE, related_name="drifts")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    what = models.CharField(max_length=8, choices=What)
    found_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=("version", "kind", "key"), name="drift_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.what}"


class Launch(models.Model):
    """A purpose on its present terms waits to go live in some places, or went live there.

    `terms` is the digest of what people are told of a purpose: other terms are another launch. `regions`: those of the notice
    version that names it; "*" for purposes that were there before launches were kept.
    """

    class Ground(models.TextChoices):
        BEFORE = "before", "In use before launches were kept"
        FIRST = "first", "Named by the first notice"
        TOLD = "told", "The people concerned were told"
        PERIOD = "period", "The notice period passed"
        SAME = "same", "Only the wording was mended"

    purpose = models.ForeignKey(Purpose, on_delete=models.CASCADE, related_name="launches")
    terms = models.CharField(max_length=64, editable=False)
    said = models.JSONField(default=dict, help_text="The terms themselves: name, description, basis, required, sale.")
    regions = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(NoticeVersion, null=True, on_delete=models.PROTECT, related_name="launches")
    ground = models.CharField(max_length=8, choices=Ground, blank=True)
    live_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at",)
        verbose_name_plural = "launches"
        default_permissions = ("view",)
        permissions = [("confirm_launch", "Can say that a purpose changed in wording only")]
        constraints = [models.UniqueConstraint(fields=("purpose", "terms", "regions"), name="launch_once")]

    def __str__(self) -> str:
        return f"{self.purpose} {'live' if self.live_at else 'waits'}"
