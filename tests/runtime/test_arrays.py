"""Arrays of a file: read as they were written, and every kind of damage told alike."""

import io
import zipfile

import numpy as np
import pytest

from fusion.runtime.arrays import read_arrays


@pytest.fixture
def file(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", one=np.arange(1000), two=np.eye(3))
    return tmp_path / "a.npz"


def test_arrays_are_read_in_the_order_asked(file):
    two, one = read_arrays(file, "two", "one")
    np.testing.assert_array_equal(one, np.arange(1000))
    np.testing.assert_array_equal(two, np.eye(3))


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    """Return it with a bit changed among the packed values of the first array."""
    return content[:300] + bytes([content[300] ^ 16]) + content[301:]


def encrypted(content):
    """Return it with the flag of encryption in every header, central ones, too."""
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content = content[: place + offset] + b"\x01" + content[place + offset + 1 :]
            place = content.find(mark, place + 4)
    return content


def with_member(member):
    def damage(content):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("one.npy", member)
        return file.getvalue()

    return damage


def header(shape, kind="<f8"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "damage",
    [
        *(cut, flipped, encrypted, lambda content: b"", lambda content: b"no archive"),
        *(
            with_member(header("(10**15,)".replace("10**15", str(10**15)))),
            with_member(header("(3,)", "|O") + b"x" * 24),
        ),
        *(with_member(header("(3,)") + b"short"), with_member(b"no array")),
    ],
)
def test_damage_is_a_value_error_without_the_path(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=r"\w") as error:
        read_arrays(file, "one")
    assert str(file) not in str(error.value)


def test_an_array_that_is_not_there_is_named(file):
    with pytest.raises(ValueError, match="three"):
        read_arrays(file, "three")
