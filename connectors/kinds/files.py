"""Files of CSV and JSON lines, in a folder of this machine or in an S3-compatible store (docs/connectors-files.md).

Every search reads the files from end to end, row by row: memory does not grow with them. A change writes each file that
holds a wanted row anew and lets it take the old one's place in one step.
"""

import errno
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

from connectors.keys import key_hash
from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Rights, Temporary, register
from connectors.kinds.files_changing import Change, FilesChanging, Source, mark_of, parts
from connectors.kinds.files_disk import Folder
from connectors.kinds.files_s3 import Bucket
from connectors.kinds.files_s3_calls import Unplaced
from connectors.kinds.files_spec import Description, Layout, address, described
from connectors.kinds.http_values import MISSING, day, dig, key_of, meant, text
from connectors.models import Batch, Connection
from inventory.graph import CollectionSpec

BEAT_SECONDS = 5.0
FIRST_DAY = date(1000, 1, 1)  # zero dates say "unknown", not "long ago"
NUMBERS = {"integer", "number", "float", "decimal"}
TEXTS = {"", "string", "text", "uuid"}
WRITE_ERRORS = (errno.EACCES, errno.EPERM, errno.EROFS)
Row = Mapping[str, Any]

_described = lru_cache(maxsize=64)(described)


class Store(Source, Protocol):
    """Where the files lie."""

    @property
    def old_versions(self) -> bool: ...

    def writable(self, name: str) -> bool | None: ...

    def changing(self) -> AbstractContextManager[Change]: ...

    def purge(self, pattern: tuple[str, ...]) -> None: ...


@register("files")
def open_files(connection: Connection, batch: Batch | None = None) -> "Files":
    """The kind behind a connection with a folder or a bucket and a description. Raises Permanent for a fault in either."""
    to = address(connection.address)
    store: Store = Folder(to.folder) if to.folder else Bucket(to)
    return Files(store, _described(connection.described))


class Files:
    """See `connectors.kinds.base.Kind`."""

    def __init__(self, store: Store, description: Description) -> None:
        self.store, self.description = store, description
        self.beat: Callable[[], None] | None = None
        self._beaten = time.monotonic()
        self._touched: dict[tuple[str, ...], CollectionSpec] = {}

    def check(self) -> str:
        """List the files; a sentence for the desk."""
        with _told(lambda: "The files"):
            counts = [len(self._names(name, one, self.store)) for name, one in self.description.collections.items()]
            kept = self.store.old_versions and self.description.old_versions
        more = {"keep": " Old versions of the files stay in the bucket, with what was erased.",
                "delete": " Old versions of the files are deleted at each change."}  # fmt: skip
        return f"Connected; {sum(counts)} files in {len(counts)} collections." + more.get(kept or "", "")

    def ready(self, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> None:
        """Raises Permanent when the files cannot be changed so (`masks` None: delete)."""
        missing = self.lacking(spec, Rights((), tuple(masks or ()), masks is None))
        if missing:
            raise Permanent("permission", missing[0])
        moving = [name for name, mask in (masks or {}).items() if mask.token or mask.compute is not None]
        if self.layout(spec).digest and moving:
            raise Permanent(
                "schema", f"{spec.place}.{moving[0]}: its rows are known by the digest of their line, which a change changes, "
                "so this mask would not hold. Choose fixed words or null, or delete the rows.",
            )  # fmt: skip
        with self.told(spec):
            if self.store.old_versions and not self.description.old_versions:
                raise Permanent(
                    "schema", f"{spec.place}: the bucket keeps old versions of its files, and what is erased would stay in "
                    "them. Say old_versions: delete or keep in the connection's description, then retry.",
                )  # fmt: skip

    def lacking(self, spec: CollectionSpec, rights: Rights) -> list[str]:
        """What our account may not do there."""
        if not rights.updates and not rights.deletes:
            return []
        with self.told(spec):
            shut = any(self.store.writable(name) is False for name in self.names(spec, self.store))
        return [f"Our account may not replace the files of {spec.place}. Ask their owner, then retry."] if shut else []

    def layout(self, spec: CollectionSpec) -> Layout:
        """How a collection's files are read. Raises Permanent when the description does not know it."""
        known = self.description.collections
        found = known.get(spec.place) or known.get(spec.name)
        if found is None:
            raise Permanent("schema", f"{spec.place} has no files in the connection's description. Add it, then retry.")
        return found

    def names(self, spec: CollectionSpec, source: Any) -> list[str]:
        """The files of a collection. Raises Permanent when there is none: none is not the same as nothing of anybody."""
        return self._names(spec.place, self.layout(spec), source)

    def _names(self, place: str, layout: Layout, source: Any) -> list[str]:
        found: list[str] = source.names(layout.pattern)
        if not found and not layout.may_be_missing:
            raise Permanent(
                "schema",
                f"{place}: no file has a name as described. Mend the pattern, or say may_be_missing, then retry.",
            )
        return found

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The described fields, of which CSV files must have each."""
        with self.told(spec):
            layout = self.layout(spec)
            next((line for _, line in parts(self, spec, self.store) if line.row is not None), None)
        missing = [one.name for one in spec.fields if layout.columns and one.name not in layout.columns]
        if missing and not (layout.digest and missing == list(spec.primary_key)):
            raise Permanent("schema", f"{spec.place} has no column {missing[0]}. Mend the description, then retry.")
        return {
            one.name: Column(
                one.name, not one.primary_key, one.primary_key and len(spec.primary_key) == 1,
                (layout.format == "csv" and one.data_type not in NUMBERS) or one.data_type in TEXTS, None,
                one.data_type in NUMBERS,
            )
            for one in spec.fields
        }  # fmt: skip

    def keyed(self, spec: CollectionSpec) -> bool:
        """Files have no rules; that a key names one row is looked at whenever rows are found or changed."""
        return bool(spec.primary_key)

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Rows whose `field` equals one of `values`; `folded` compares e-mail addresses in lower case."""
        wanted = {meant(one, folded) for one in values} - {None}
        if wanted:
            yield from self._found(spec, lambda row: meant(self.held(spec, row, field), folded) in wanted)

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """Rows that hold one of `rows` in `fields`, all together."""
        folded = [spec.field(one).folded for one in fields]
        wanted = {one for one in (tuple(map(meant, row, folded)) for row in rows) if None not in one}

        def matches(row: Row) -> bool:
            return tuple(map(meant, (self.held(spec, row, one) for one in fields), folded)) in wanted

        yield from self._found(spec, matches)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Rows whose `field` is dated before a day."""

        def old(row: Row) -> bool:
            on = day(self.held(spec, row, field))
            return on is not None and FIRST_DAY <= on < before

        yield from self._found(spec, old)

    def _found(self, spec: CollectionSpec, matches: Callable[[Row], bool]) -> Iterator[Found]:
        seen, digest = set[int](), self.layout(spec).digest
        with self.told(spec):
            for _, line in parts(self, spec, self.store):
                if line.row is None or not matches(line.row):
                    continue
                key = self.key(spec, line.row)
                if key_hash(key) in seen:
                    if digest:
                        continue  # the same line twice is one row to us
                    raise Permanent(
                        "schema", f"Two rows of {spec.place} have one key, so they cannot be told apart. Mend the key."
                    )
                seen.add(key_hash(key))
                on = day(self.held(spec, line.row, spec.dated_by)) if spec.dated_by else None
                yield Found(key, on, {name: self.held(spec, line.row, name) for name in spec.people})

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of `field` in these rows, without nulls."""
        found = (self.held(spec, row, field) for row in self._rows(spec, keys))
        return list({text(one): one for one in found if text(one) is not None}.values())

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """These fields of these rows; rows that are gone are left out."""
        names = list(fields)
        return [{name: self.held(spec, row, name) for name in names} for row in self._rows(spec, keys)]

    def _rows(self, spec: CollectionSpec, keys: Sequence[Key]) -> Iterator[Row]:
        wanted = {mark_of(key) for key in keys}
        seen = set[tuple[str | None, ...]]()
        with self.told(spec):
            for _, line in parts(self, spec, self.store):
                if line.row is None or (mark := mark_of(self.key(spec, line.row))) not in wanted or mark in seen:
                    continue
                seen.add(mark)
                yield line.row

    @contextmanager
    def looking(self) -> Iterator[FilesChanging]:
        """The files as they are now."""
        yield FilesChanging(self, self.store)

    @contextmanager
    def changing(self) -> Iterator[FilesChanging]:
        """One change: new files take the old ones' places at the end, one by one, each whole or not at all."""
        self._touched.clear()
        with _told(lambda: ", ".join(one.place for one in self._touched.values()) or "The files"):
            with self.store.changing() as change:
                yield FilesChanging(self, self.store, change)
            if self.description.old_versions == "delete":
                for pattern in self._touched:
                    self.store.purge(pattern)

    def touched(self, spec: CollectionSpec) -> None:
        """This change is about that collection: its old versions go with it, also those that a killed worker left."""
        self._touched[self.layout(spec).pattern] = spec

    def key(self, spec: CollectionSpec, row: Row) -> Key:
        """A row's key. Raises Permanent for one that is empty."""
        return key_of(row, spec.primary_key, spec.place)

    def held(self, spec: CollectionSpec, row: Row, field: str) -> Any:
        """What a row holds in a field. Raises Permanent for one that it does not have, unless the description says that what is
        empty is left out.
        """
        layout = self.layout(spec)
        found = row.get(field, MISSING) if layout.format == "csv" else dig(row, field, spec.place)
        if found is not MISSING:
            return found
        if layout.omits_nulls:
            return None
        raise Permanent(
            "schema", f"{spec.place}: rows come without {field}, so we cannot tell what it holds. Mend the field's name; or "
            "say omits_nulls, if the file leaves out what is empty.",
        )  # fmt: skip

    def told(self, spec: CollectionSpec) -> AbstractContextManager[None]:
        """Turns the machine's errors inside the block into ours."""
        return _told(lambda: spec.place)

    def beaten(self) -> None:
        """Prolong the order's lease now and then: files may be long."""
        if self.beat is not None and time.monotonic() - self._beaten >= BEAT_SECONDS:
            self.beat()
            self._beaten = time.monotonic()


@contextmanager
def _told(place: Callable[[], str]) -> Iterator[None]:
    failure: Temporary | Permanent
    try:
        yield
        return
    except Unplaced as error:
        failure = Permanent(error.code, f"{place()}: {error.sentence}")
    except EOFError:
        failure = Temporary("changed")  # a packed file that is being written just now
    except OSError as error:
        failure = _meaning(place(), error)
        error.args, error.filename = (), None
    raise failure from None


def _meaning(place: str, error: OSError) -> Temporary | Permanent:
    if error.errno in WRITE_ERRORS:
        return Permanent(
            "permission",
            f"Our account may not read or replace the files of {place}. Ask their owner for the right, then retry.",
        )
    if error.errno == errno.ELOOP:
        return Permanent(
            "connection", f"A file of {place} is a link, and links are not followed. Put the file itself there."
        )
    if type(error).__name__ == "BadGzipFile":
        return Permanent("schema", f"A file of {place} is named .gz and is not packed so. Mend its name, then retry.")
    return Temporary(errno.errorcode.get(error.errno or 0, "changed"))
