import io
import secrets
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subjects import sealed


def seal(plain: bytes, key: bytes, *, piece: int = 10_000) -> bytes:
    target = io.BytesIO()
    writer = sealed.Writer(target, key)
    for start in range(0, len(plain), piece):
        writer.write(plain[start : start + piece])
    writer.close()
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, sealed.FRAME - 1, sealed.FRAME, sealed.FRAME + 1, 3 * sealed.FRAME, 200_001])
def test_what_was_written_is_read(size):
    plain, key = secrets.token_bytes(size), sealed.new_key()
    stored = seal(plain, key)
    assert b"".join(sealed.read(io.BytesIO(stored), key)) == plain


@given(st.lists(st.binary(max_size=5000), max_size=30))
def test_however_it_was_written(pieces):
    key, target = b"k" * 32, io.BytesIO()
    writer = sealed.Writer(target, key)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    assert b"".join(sealed.read(io.BytesIO(target.getvalue()), key)) == b"".join(pieces)


def test_plain_bytes_are_not_in_the_file():
    stored = seal(b"Ada Lovelace " * 20_000, sealed.new_key())
    assert b"Ada Lovelace" not in stored


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored[:-1],
        lambda stored: stored[: len(sealed.MAGIC) + sealed.FRAME + sealed.TAG],
        lambda stored: stored[: len(sealed.MAGIC)],
        lambda stored: stored + b"x",
        lambda stored: b"x" + stored[1:],
        lambda stored: stored[:100] + bytes([stored[100] ^ 1]) + stored[101:],
        lambda stored: stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:],
        lambda stored: swap(stored),
    ],
    ids=[
        "last byte gone",
        "last frame gone",
        "all frames gone",
        "a byte more",
        "magic",
        "first frame",
        "last frame",
        "swapped",
    ],
)
def test_every_change_is_noticed(change):
    key = sealed.new_key()
    stored = seal(secrets.token_bytes(sealed.FRAME * 2 + 500), key)
    with pytest.raises(sealed.Tampered):
        list(sealed.read(io.BytesIO(change(stored)), key))


def swap(stored: bytes) -> bytes:
    start, size = len(sealed.MAGIC), sealed.FRAME + sealed.TAG
    return (
        stored[:start]
        + stored[start + size : start + 2 * size]
        + stored[start : start + size]
        + stored[start + 2 * size :]
    )


def test_another_key_reads_nothing():
    with pytest.raises(sealed.Tampered):
        list(sealed.read(io.BytesIO(seal(b"x" * 100, sealed.new_key())), sealed.new_key()))


def test_a_zip_can_be_written_through_it():
    key, target = sealed.new_key(), io.BytesIO()
    writer = sealed.Writer(target, key)
    with zipfile.ZipFile(writer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "Ada" * 100_000)
        with archive.open("b.txt", "w", force_zip64=True) as out:
            out.write(b"Bob" * 100_000)
    writer.close()
    plain = b"".join(sealed.read(io.BytesIO(target.getvalue()), key))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        assert archive.testzip() is None
        assert archive.read("b.txt") == b"Bob" * 100_000
    assert writer.size == len(plain)
