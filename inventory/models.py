"""Nouns of the inventory, from the system down to the column."""

from django.db import models


class DataCategory(models.Model):
    """A kind of personal data. A parent covers its children: `contact` covers `contact.email`."""

    key = models.CharField(max_length=80, unique=True, help_text="Dotted path, for example contact.email")
    name = models.CharField(max_length=120)
    sensitive = models.BooleanField(default=False)
    mask = models.JSONField(
        null=True, blank=True, help_text="What an erasure writes into fields of this category that say nothing else."
    )

    class Meta:
        verbose_name_plural = "data categories"
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name


class Purpose(models.Model):
    """A processing activity: why we use data, on what lawful basis, and what refusing it means."""

    class Basis(models.TextChoices):
        CONSENT = "consent", "Consent"
        CONTRACT = "contract", "Contract"
        LEGAL = "legal_obligation", "Legal obligation"
        VITAL = "vital_interests", "Vital interests"
        PUBLIC = "public_task", "Public task"
        LEGITIMATE = "legitimate_interests", "Legitimate interests"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField()
    lawful_basis = models.CharField(max_length=30, choices=Basis)
    required = models.BooleanField(default=False, help_text="By law or contract: refusing it may end the service.")
    consequence = models.TextField(blank=True, help_text="What refusing means, in words for the person.")
    sale_or_sharing = models.BooleanField(default=False, help_text="Counts as sale or sharing under US state law.")
    data_subjects = models.CharField(
        max_length=200, blank=True, help_text="Whose data, for the record of processing: customers, candidates ..."
    )
    measures = models.TextField(blank=True, help_text="Technical and organisational security measures, in general.")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class System(models.Model):
    """A place that holds data: a database, a service, a filing cabinet."""

    class Role(models.TextChoices):
        CONTROLLER = "controller", "We are the controller"
        PROCESSOR = "processor", "We process for a client"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.CONTROLLER)
    client = models.CharField(max_length=120, blank=True, help_text="The controller we process for.")
    client_contact = models.EmailField(blank=True)
    owner = models.CharField(max_length=120, blank=True, help_text="The team that runs it.")
    region = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role="controller") | ~models.Q(client=""), name="processor_names_its_client"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Dataset(models.Model):
    """Collections of one system that belong together, and where their data comes from."""

    class Source(models.TextChoices):
        DIRECT = "direct", "From the person"
        AUTOMATIC = "automatic", "Collected automatically"
        OUTSIDE = "outside", "From outside sources"
        INFERRED = "inferred", "Inferred by us"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="datasets")
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=12, choices=Source, default=Source.DIRECT)
    source_detail = models.CharField(max_length=200, blank=True, help_text="For example the vendor's name.")
    after = models.JSONField(default=list, blank=True, help_text="Keys of datasets to be searched before this one.")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Collection(models.Model):
    """A table, a document collection, a folder of files."""

    class Erase(models.TextChoices):
        DELETE = "delete", "Delete the row"
        MASK = "mask", "Keep the row, erase its personal fields"
        KEEP = "keep", "Keep the row, with a ground"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=120, help_text="As in the system; case matters.")
    title = models.CharField(max_length=120, help_text="In words for the person, for example Applications you sent")
    description = models.TextField(blank=True)
    purposes = models.ManyToManyField(Purpose, blank=True, related_name="collections")
    erase = models.CharField(max_length=10, choices=Erase, default=Erase.DELETE)
    erase_shared = models.CharField(
        max_length=10,
        choices=Erase,
        default=Erase.MASK,
        help_text="For a row that concerns another person too. Mask erases this person's own fields only.",
    )
    keep_ground = models.CharField(
        max_length=60, blank=True, help_text="Why rows are kept, for example legal_obligation"
    )
    keep_until = models.CharField(max_length=120, blank=True, help_text="Until when, in words for the person.")
    dated_by = models.CharField(max_length=120, blank=True, help_text="The field that dates a row, for retention.")
    in_package = models.BooleanField(default=True, help_text="Shown to the person in an access package.")
    after = models.JSONField(
        default=list, blank=True, help_text="Collections, as dataset.collection, to be searched before this one."
    )
    erase_after = models.JSONField(
        default=list, blank=True, help_text="Collections, as dataset.collection, to be erased before this one."
    )
    skip = models.BooleanField(default=False, help_text="Left out of every search; nothing may refer to it.")

    class Meta:
        ordering = ("dataset", "name")
        constraints = [
            models.UniqueConstraint(fields=("dataset", "name"), name="collection_once_per_dataset"),
            models.CheckConstraint(
                condition=~models.Q(erase="keep") | ~models.Q(keep_ground=""), name="kept_rows_have_a_ground"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id and self.dataset.key}.{self.name}"


class Field(models.Model):
    """A column: what it holds, whom it identifies, what it refers to and how it is erased."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="fields")
    name = models.CharField(max_length=120, help_text="A field inside another is written with dots: address.city")
    title = models.CharField(max_length=120, blank=True)
    data_type = models.CharField(
        max_length=20, default="string", help_text="string, integer, float, boolean, date, datetime"
    )
    category = models.ForeignKey(DataCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="fields")
    primary_key = models.BooleanField(default=False)
    identity = models.CharField(
        max_length=40, blank=True, help_text="email, account_id ...: a start point of the search."
    )
    person = models.CharField(
        max_length=120,
        blank=True,
        help_text="In a row about two people: the link field whose person this value belongs to.",
    )
    attribute = models.CharField(
        max_length=40, blank=True, help_text="What a correction may name, for example full_name."
    )
    mask = models.JSONField(null=True, blank=True, help_text='{"strategy": "null"}, "fixed" with value, "token"')
    suppress = models.JSONField(null=True, blank=True, help_text='Written by an opt-out, for example {"value": false}')
    restrict = models.JSONField(
        null=True, blank=True, help_text='Written when processing is restricted, for example {"value": true}'
    )
    read_only = models.BooleanField(default=False)
    length = models.PositiveIntegerField(
        null=True, blank=True, help_text="Masked values are cut to so many characters."
    )
    every_element = models.BooleanField(
        default=False, help_text="On a list: all of its elements are this person's, not only those that matched."
    )

    class Meta:
        ordering = ("collection", "pk")
        constraints = [models.UniqueConstraint(fields=("collection", "name"), name="field_once_per_collection")]

    def __str__(self) -> str:
        return self.name


class Reference(models.Model):
    """Rows of `field`'s collection belong to the rows of `target`'s collection with the same value."""

    class Direction(models.TextChoices):
        DOWN = "down", "From the target to this field"
        UP = "up", "From this field to the target"
        BOTH = "both", "Whichever is reached first"

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="references")
    target = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="referred_by")
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.DOWN)
    group = models.CharField(
        max_length=40, blank=True, help_text="References of one group match together: a key of several columns."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=("field", "target", "group"), name="reference_once")]

    def __str__(self) -> str:
        return f"{self.field} -> {self.target}"


class Phrase(models.Model):
    """Words of the company's own, from its inventory and its neighbours, in another language: how a person reads them."""

    language = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the text.")
    text = models.TextField(help_text="As it stands in the inventory.")
    words = models.TextField(help_text="What people read instead.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("language", "text")
        constraints = [models.UniqueConstraint(fields=("language", "digest"), name="phrase_once_per_language")]

    def __str__(self) -> str:
        return self.words[:60]
