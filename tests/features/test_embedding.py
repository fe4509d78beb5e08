"""Vectors that were computed elsewhere: files, keys, what is wrong with them, and what it means that they are given."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from fusion.errors import FusionError
from fusion.sound.clip import Clip
from fusion_features.embedding import Embedding
from tests.support.features import make_vectors

NAMES = ["bass/1.wav", "bass/2.wav", "flute/1.wav"]
VALUES = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def write(path: Path, names: Any = NAMES, values: Any = VALUES, key: str = "id") -> Path:
    """Write names and values in the format that the suffix says."""
    table = pd.DataFrame(values, columns=[f"x{number}" for number in range(np.shape(values)[1])])
    table.insert(1, key, names)  # wherever it stands
    if path.suffix == ".npz":
        np.savez(path, **{key: np.array(names), "vectors": np.array(values)})
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def vector(feature: Embedding, name: str = "", path: str | Path = "x.wav") -> list[float]:
    return feature.extract(Clip(np.zeros(100), 16000, name, Path(path))).tolist()


def refusal(path: Path, **parameters: Any) -> str:
    with pytest.raises(FusionError) as caught:
        Embedding(file=path, **parameters)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv", ".tsv"])
@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "int16"])
def test_a_clip_has_the_vector_of_its_row(tmp_path, suffix, kind):
    feature = Embedding(file=write(tmp_path / f"v{suffix}", values=VALUES.astype(kind)))
    assert feature.shape(64000, 16000) == feature.shape(1, 8000) == (2,)
    value = feature.extract(Clip(np.ones(10), 8000, "bass/2.wav"))
    assert (value.dtype, value.tolist()) == (np.float32, [3, 4])
    value[:] = 0
    assert vector(feature, "bass/2.wav") == [3, 4]


def test_a_table_may_have_its_keys_as_index(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame(VALUES, index=pd.Index(NAMES, name="id")).rename(columns=str).to_parquet(tmp_path / "v.parquet")
    assert vector(Embedding(file=tmp_path / "v.parquet"), "flute/1.wav") == [5, 6]


def test_ids_are_texts_whatever_they_look_like(tmp_path):
    feature = Embedding(file=write(tmp_path / "v.csv", ["007", "-1", "1e3"]))
    assert [vector(feature, name) for name in ("007", "-1", "1e3")] == VALUES.tolist()


@pytest.mark.parametrize(
    ("keys", "path", "row"),
    [
        (["a/1.wav", "b/1.wav"], "/data/b/1.wav", 1),
        (["/data/a/1.wav", "/data/b/1.wav"], "/data/b/1.wav", 1),
        (["1.wav", "b/1.wav"], "/data/b/1.wav", 1),
        (["b/1.wav", "data/b/1.wav"], "/data/b/1.wav", 1),
        (["b/1.wav", "./a/1.wav"], "/data/a/1.wav", 1),
        (["a\\1.wav", "b\\1.wav"], "/data/b/1.wav", 1),
        (["x", "caf\u00e9/1.wav"], "/data/cafe\u0301/1.wav", 1),
        (["b/1.wav", "a/1.wav"], "/data/xb/1.wav", None),
        (["b/1.wav", "a/1.wav"], "1.wav", None),
        (["b/1", "a/1"], "/b/1.wav", None),
    ],
)
def test_a_path_is_found_by_the_longest_end_of_it(tmp_path, keys, path, row):
    feature = Embedding(file=write(tmp_path / "v.npz", keys, VALUES[:2], "path"), key="path")
    if row is None:
        with pytest.raises(FusionError, match="has no vector for this path"):
            vector(feature, path=path)
    else:
        assert vector(feature, path=path) == VALUES[row].tolist()


@pytest.mark.parametrize("key", ["id", "path"])
def test_a_sound_that_is_in_no_row_is_refused(tmp_path, key):
    feature = Embedding(file=write(tmp_path / "v.npz", key=key), key=key)
    for clip in (Clip(np.zeros(10), 16000), Clip(np.zeros(10), 16000, "other", Path("other.wav"))):
        with pytest.raises(FusionError, match=rf"v\.npz: has no vector for this {key}; how its vectors"):
            feature.extract(clip)


def test_clips_without_a_row_are_counted_and_listed(tmp_path):
    feature = Embedding(file=write(tmp_path / "v.npz"))
    feature.check_clips(NAMES[:2], [Path("x")] * 2)  # other rows do not matter
    with pytest.raises(FusionError) as caught:
        feature.check_clips([*NAMES, *(f"reed/{number}.wav" for number in range(30))], [Path("x")] * 33)
    message = str(caught.value)
    assert (
        "has no vector for 30 of 33 clips; add rows with these as id (it has 3, as 'bass/1.wav', 'bass/2.wav'"
        in message
    )
    assert message.count("reed/") == 20
    assert message.endswith("... and 10 more")


def test_a_path_that_fits_several_files_is_refused_but_parts_of_one_file_are_not(tmp_path):
    feature = Embedding(file=write(tmp_path / "v.npz", ["1.wav", "b/2.wav", "c/1.wav"], key="path"), key="path")
    feature.check_clips(["a", "a from 1 s"], [Path("/d/a/1.wav")] * 2)
    feature.check_clips(["a", "c"], [Path("/d/a/1.wav"), Path("/d/c/1.wav")])
    with pytest.raises(FusionError, match=r"1 paths are the end of several files' each; write more of .*\n  1\.wav$"):
        feature.check_clips(["a", "b"], [Path("/d/a/1.wav"), Path("/d/b/1.wav")])


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_doubled_keys_are_refused_unless_their_vectors_are_equal(tmp_path, suffix):
    again = [*NAMES, "bass/1.wav"]
    path = write(tmp_path / f"a{suffix}", again, [*VALUES.tolist(), [1.0, 2.0]])
    assert vector(Embedding(file=path), "bass/1.wav") == [1, 2]
    path = write(tmp_path / f"b{suffix}", again, [*VALUES.tolist(), [1.0, 2.5]])
    assert refusal(path) == "1 keys are there again with another vector:\n  bass/1.wav"


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e300])
def test_what_is_not_finite_is_refused_with_its_row(tmp_path, suffix, bad):
    path = write(tmp_path / f"v{suffix}", values=[[1, 2], [3, bad], [5, 6]])
    assert "1 of 3 vectors hold NaN, infinity or what is too large for float32" in refusal(path)
    assert refusal(path).endswith("\n  bass/2.wav")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"id": NAMES, "vectors": VALUES[:2]}, "a row for each of its 3 keys; found float64 (2, 2)"),
        ({"id": NAMES, "vectors": VALUES[0]}, "should hold numbers (clips, size)"),
        ({"id": NAMES, "vectors": np.zeros((3, 0))}, "found float64 (3, 0)"),
        ({"id": NAMES, "vectors": VALUES[:, :, None]}, "found float64 (3, 2, 1)"),
        ({"id": NAMES, "vectors": VALUES.astype(complex)}, "found complex128 (3, 2)"),
        ({"id": NAMES, "vectors": VALUES.astype(str)}, "found <U32 (3, 2)"),
        ({"id": NAMES, "vectors": VALUES > 2}, "found bool (3, 2)"),
        ({"id": [], "vectors": np.zeros((0, 2))}, "the array id should be texts (clips,)"),
        ({"id": [1, 2, 3], "vectors": VALUES}, "the array id should be texts (clips,), as np.array(names, dtype=str)"),
        ({"id": np.array(NAMES, dtype=bytes), "vectors": VALUES}, "found |S11 (3,)"),
        ({"id": np.array(NAMES, dtype=object), "vectors": VALUES}, "cannot be used as .npz: Object arrays cannot"),
        (
            {"ids": NAMES, "vectors": VALUES},
            "should hold the arrays id and vectors, as of np.savez, found: ids, vectors",
        ),
        ({"path": NAMES, "vectors": VALUES}, "should hold the arrays id and vectors"),
    ],
)
def test_arrays_of_other_kinds_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "v.npz", **arrays)
    assert message in refusal(tmp_path / "v.npz")


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [
        (".csv", "id,a,b\nx,1,2\ny,1\n", "1 of 2 vectors hold NaN"),
        (".csv", "id,a,b\nx,1,2\ny,1,2,3\n", "cannot be read as .csv: Error tokenizing data"),
        (".csv", "id,a\nx,1,2\ny,1,2\n", "its rows have one value more than the first line has names"),
        (".csv", "name,a\nx,1\n", "has no column id; found: name, a"),
        (".csv", "id,a\n,1\n", "1 of 1 rows have no text in the column id"),
        (".csv", "id,a,b\nx,1,two\n", "columns should be numbers, one a dimension; not:\n  b ("),
        (".csv", "id\nx\n", "should hold numbers (clips, size)"),
        (".csv", "id,a\n", "has no row"),
        (".csv", "", "cannot be read as .csv: No columns to parse"),
        (".csv", b"id,a\n\xff,1\n", "cannot be read as .csv: 'utf-8' codec"),
        (".tsv", "id,a\nx,1\n", "has no column id; found: id,a"),
        (".parquet", "nonsense", "cannot be read as .parquet"),
        (".npz", "nonsense", "cannot be used as .npz"),
        (".npz", pickle.dumps(print), "cannot be used as .npz"),
        (".npz", "", "cannot be used as .npz"),
        (".npz", "PK\x03\x04nonsense", "cannot be used as .npz"),
        (".npy", "x", "should end in .npz, .parquet, .csv or .tsv"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path, suffix, text, message):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"v{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert message in refusal(path)


def test_a_single_array_and_a_damaged_archive_are_refused(tmp_path):
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, VALUES)
    assert "it is a single array" in refusal(tmp_path / "one.npz")
    whole = write(tmp_path / "v.npz").read_bytes()
    (tmp_path / "v.npz").write_bytes(whole.replace(VALUES.tobytes(), VALUES[::-1].tobytes()))
    assert "Bad CRC-32" in refusal(tmp_path / "v.npz")


def test_an_archive_that_grows_when_it_is_unpacked_is_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "v.npz", id=np.array(NAMES), vectors=np.zeros((3, 10000)))
    monkeypatch.setattr("fusion_features._vectors.MOST_BYTES", 100_000)
    assert "unpacked it has 240" in refusal(tmp_path / "v.npz")


def test_keys_in_a_column_of_lists_or_numbers_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"id": NAMES, "vector": VALUES.tolist()}).to_parquet(tmp_path / "a.parquet")
    assert "columns should be numbers, one a dimension; not:\n  vector (object)" in refusal(tmp_path / "a.parquet")
    pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "b.parquet")
    assert "3 of 3 rows have no text in the column id" in refusal(tmp_path / "b.parquet")


def test_it_belongs_to_the_clip_and_is_known_by_its_content(tmp_path):
    one, other = make_vectors(tmp_path / "a.npz", NAMES), make_vectors(tmp_path / "b.npz", NAMES[:2])
    feature = Embedding(file=one)
    assert feature.by_clip
    assert feature.identity() == {"file": feature.contents()["file"], "key": "id"}
    assert feature.identity() != Embedding(file=other).identity()
    moved = tmp_path / "there" / "moved.npz"
    moved.parent.mkdir()
    moved.write_bytes(one.read_bytes())
    assert feature.identity() == Embedding(file=moved).identity()
    assert feature.model_dump(mode="json") == {"file": str(one), "key": "id"}
    assert PurePosixPath(str(feature.file)).is_absolute()


@pytest.mark.parametrize("key", ["name", "", None, 1])
def test_the_key_is_an_id_or_a_path(tmp_path, key):
    with pytest.raises(ValidationError, match="key"):
        Embedding(file=write(tmp_path / "v.npz"), key=key)


def archive(path: Path, header: str | None = None, method: int = zipfile.ZIP_STORED, **members: bytes) -> Path:
    """Write an archive by hand; `header` is that of the array of ids."""
    if header is not None:
        text = header.encode() + b" " * (64 - (10 + len(header)) % 64 - 1) + b"\n"
        members["id.npy"] = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"data"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
        file.writestr("vectors.npy", b"")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<U2', 'fortran_order': False, 'shape': (10",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10" + "0" * 30 + ",), }",
        "{'descr': (), 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "(" * 9000,
    ],
)
def test_hostile_headers_are_refused(tmp_path, header):
    assert "cannot be used as .npz" in refusal(archive(tmp_path / "v.npz", header))


def test_members_that_are_no_arrays_or_damaged_are_refused(tmp_path):
    assert "should be arrays" in refusal(archive(tmp_path / "v.npz", **{"id.npy": b"text", "vectors": b"text"}))
    path = archive(tmp_path / "w.npz", "{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", zipfile.ZIP_LZMA)
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    assert "cannot be used as .npz" in refusal(path)
    data = bytearray(archive(tmp_path / "e.npz", "{}").read_bytes())
    for start in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[start] |= 1  # says that it is encrypted
    (tmp_path / "e.npz").write_bytes(data)
    assert "cannot be used as .npz" in refusal(tmp_path / "e.npz")


def test_texts_that_are_none_are_refused(tmp_path):
    names = np.array([0x110000], dtype="<u4").view("<U1")
    np.savez(tmp_path / "v.npz", id=names, vectors=np.ones((1, 2)))
    assert "cannot be used as .npz" in refusal(tmp_path / "v.npz")


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv"])
def test_vectors_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = write(tmp_path / f"v{suffix}")
    monkeypatch.setattr("fusion_features._vectors.MOST_BYTES", 8)
    assert "at most 8 can be used" in refusal(path)
