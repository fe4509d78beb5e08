"""Parameters that are files: where they are looked for, and what stands for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from fusion import Feature, FileParameter, FusionError
from fusion.feature import parameter_file


class Reader(Feature):
    file: FileParameter
    other: FileParameter | None = None
    size: int = 1

    def shape(self, samples, sr):
        return (self.size,)

    def extract(self, clip):
        raise NotImplementedError


def test_a_path_is_relative_to_the_folder_of_the_experiment_file(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.bin").write_bytes(b"one")
    feature = Reader.model_validate_json('{"file": "x.bin"}', strict=True, context={"folder": tmp_path / "a"})
    assert feature.file.path == tmp_path / "a" / "x.bin"
    assert feature.file.read() == b"one"
    monkeypatch.chdir(tmp_path / "a")
    assert Reader(file="x.bin") == Reader(file=Path("../a/x.bin")) == Reader(file=feature.file) == feature
    assert Reader.model_validate_json(feature.model_dump_json(), strict=True) == feature


def test_the_content_stands_for_a_file(tmp_path):
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).write_bytes(content)
    one, same, other = (Reader(file=tmp_path / name) for name in "abc")
    assert one.identity() == same.identity() == {"file": one.file.content, "other": None, "size": 1}
    assert one.identity() != other.identity()
    assert one.contents() == {"file": one.file.content}
    assert set(Reader(file=tmp_path / "a", other=tmp_path / "c").contents()) == {"file", "other"}
    assert one != other
    assert len({one, Reader(file=tmp_path / "a"), other}) == 2


def test_a_file_that_changes_is_another_one_and_is_not_read_as_the_old_one(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = Reader(file=path)
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert Reader(file=path).identity() != before.identity()
    with pytest.raises(FusionError, match="has changed since the command began; run it again"):
        before.file.read()
    path.unlink()
    with pytest.raises(FusionError, match="cannot be read: No such file"):
        before.file.read()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("none.bin", "none.bin: no such file"),
        (".", "a folder, not a file"),
        ("", "should be the path of a file, found ''"),
        ("a\0b", "should be the path of a file"),
        ("\udcff", "should be the path of a file"),
        (7, "should be the path of a file, found 7"),
        (None, "should be the path of a file, found None"),
        ("x" * 300, "cannot be read: File name too long"),
        ("/dev/zero", "/dev/zero: no such file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path, monkeypatch, value, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError, match=message):
        Reader(file=value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parameter_file, "MOST_BYTES", 10)
    (tmp_path / "x").write_bytes(bytes(11))
    with pytest.raises(ValidationError, match="x: 11 bytes; a file of at most 10 can be used"):
        Reader(file=tmp_path / "x")
