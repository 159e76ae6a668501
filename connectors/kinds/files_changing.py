"""One change in a system of files: rows left out or rewritten, everything else copied sign by sign, and read back."""

import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, BinaryIO, Protocol, TextIO, cast

from connectors.kinds.base import Key, Mask, Permanent, Spare
from connectors.kinds.files_rows import Line, lines, rewritten, unlike
from connectors.kinds.files_spec import Layout
from connectors.kinds.http_values import meant, text
from inventory.graph import CollectionSpec

Mark = tuple[str | None, ...]
KEEP = None  # what a decision says of a line that stays as it is; "" takes it out
Decision = Callable[[Line, Key], str | None]


class Source(Protocol):
    """Where files are read from: a store, or a change within it."""

    def names(self, pattern: tuple[str, ...]) -> list[str]: ...

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]: ...


class Change(Source, Protocol):
    """One change of a store."""

    def rewriting(self, name: str) -> AbstractContextManager[tuple[BinaryIO, BinaryIO]]: ...


class Files(Protocol):
    """The kind, as far as a change needs it."""

    def layout(self, spec: CollectionSpec) -> Layout: ...

    def names(self, spec: CollectionSpec, source: Any) -> list[str]: ...

    def told(self, spec: CollectionSpec) -> AbstractContextManager[None]: ...

    def beaten(self) -> None: ...

    def key(self, spec: CollectionSpec, row: Mapping[str, Any]) -> Key: ...

    def held(self, spec: CollectionSpec, row: Mapping[str, Any], field: str) -> Any: ...

    def touched(self, spec: CollectionSpec) -> None: ...


@contextmanager
def opened(stream: BinaryIO, name: str, layout: Layout, *, write: bool = False) -> Iterator[TextIO]:
    """A file's bytes as text, unpacked where the name says so. Line ends come and go as they are."""
    with ExitStack() as stack:
        raw: Any = stream
        if name.endswith(".gz"):
            raw = stack.enter_context(gzip.GzipFile(fileobj=stream, mode="wb" if write else "rb"))
        newline = "" if layout.format == "csv" else "\n"
        wrapped = io.TextIOWrapper(cast(Any, raw), encoding=layout.encoding, newline=newline)
        yield wrapped
        wrapped.flush()
        wrapped.detach()


def parts(kind: Files, spec: CollectionSpec, source: Source) -> Iterator[tuple[str, Line]]:
    """(file, line) of every line of a collection."""
    layout = kind.layout(spec)
    for name in kind.names(spec, source):
        with source.reading(name) as stream, opened(stream, name, layout) as wrapped:
            for line in lines(wrapped, layout, spec):
                kind.beaten()
                yield name, line


def mark_of(key: Sequence[Any]) -> Mark:
    """A key, comparable: 7 and "7" are the same."""
    return tuple(map(text, key))


class FilesChanging:
    """See `connectors.kinds.base.Changing`. Without a `change` it only counts."""

    def __init__(self, kind: Files, source: Source, change: Change | None = None) -> None:
        self.kind, self.source, self.change = kind, source, change

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Leave these rows out but the spared ones; how many went."""
        return self._rewrite(spec, keys, spare, lambda line, key: "")

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state; how many were not in it yet."""
        layout = self.kind.layout(spec)

        def decide(line: Line, key: Key) -> str | None:
            new = self._unlike(spec, line, key, masks)
            return rewritten(line, new, layout, spec.place) if new else KEEP

        return self._rewrite(spec, keys, spare, decide)

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        with self.kind.told(spec):
            return len({mark_of(key) for _, _, key in self._there(spec, keys, spare)})

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        with self.kind.told(spec):
            there = self._there(spec, keys, spare)
            return len({mark_of(key) for _, line, key in there if self._unlike(spec, line, key, masks)})

    def _rewrite(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, decide: Decision) -> int:
        assert self.change is not None
        with self.kind.told(spec):
            self.kind.touched(spec)
            layout, hit = self.kind.layout(spec), dict[str, None]()
            done = set[Mark]()
            for name, line, key in self._there(spec, keys, spare):
                if decide(line, key) is not KEEP:
                    hit[name] = None
                    done.add(mark_of(key))
            for name in hit:
                self._copy(spec, name, layout, self._chosen(spec, keys, spare), decide)
            return len(done)

    def _copy(self, spec: CollectionSpec, name: str, layout: Layout, chosen: Any, decide: Decision) -> None:
        assert self.change is not None
        with (
            self.change.rewriting(name) as (source, target),
            opened(source, name, layout) as old,
            opened(target, name, layout, write=True) as new,
        ):
            for line in lines(old, layout, spec):
                self.kind.beaten()
                key = chosen(line)
                made = KEEP if key is None else decide(line, key)
                new.write(line.raw if made is KEEP else made)

    def _chosen(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> Callable[[Line], Key | None]:
        """Says of a line whether it is one of these rows, and not spared: its key, or None."""
        wanted = {mark_of(key) for key in keys}
        if any(None in one for one in wanted):
            raise Permanent("key", f"A row of {spec.place} has an empty key; it cannot be told from others.")
        folded = {name: spec.field(name).folded for name in spare}
        spared = {name: {meant(one, folded[name]) for one in some} - {None} for name, some in spare.items()}

        def choose(line: Line) -> Key | None:
            if line.row is None:
                return None
            key = self.kind.key(spec, line.row)
            if mark_of(key) not in wanted:
                return None
            held = any(
                meant(self.kind.held(spec, line.row, name), folded[name]) in some for name, some in spared.items()
            )
            return None if held else key

        return choose

    def _there(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> Iterator[tuple[str, Line, Key]]:
        chosen, seen = self._chosen(spec, keys, spare), set[Mark]()
        digest = self.kind.layout(spec).digest
        for name, line in parts(self.kind, spec, self.change or self.source):
            key = chosen(line)
            if key is None:
                continue
            if mark_of(key) in seen and not digest:
                raise Permanent(
                    "schema",
                    f"Two rows of {spec.place} have one key, so they cannot be told apart. Mend the key, then retry.",
                )
            seen.add(mark_of(key))
            yield name, line, key

    def _unlike(self, spec: CollectionSpec, line: Line, key: Key, masks: Mapping[str, Mask]) -> dict[str, Any]:
        """What the masked fields of a row shall hold and do not."""
        assert line.row is not None
        layout, found = self.kind.layout(spec), dict[str, Any]()
        for name, mask in masks.items():
            now = self.kind.held(spec, line.row, name)
            wanted = mask.wanted(key, now)
            if unlike(line, name, layout, now, wanted):
                found[name] = wanted
        return found
