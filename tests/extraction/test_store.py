"""Where values are stored, and for how long a writer may be at it."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.datasets.nsynth import NSynth
from fusion.errors import FusionError
from fusion.extraction import extract as extraction
from fusion.extraction.store import Rows, Store, open_stores
from fusion.extraction.wave_fingerprint import SOURCE, WaveFingerprint
from fusion.extraction.window import Window, window_key


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, WaveFingerprint(), SOURCE, 64_000, 16_000)


def test_what_is_stored_is_found_again_by_every_later_version(store):
    """Other names here mean that all that people have stored is extracted anew: only with another format of the store."""
    assert store.folder.name == "_wave_fingerprint-82391d3cc5b8"
    assert window_key("a", 0.0, 4.0) == "52a20dfca442113c9fcd34a1e28bc446"
    store.write(["key0", "key1"], ["a", "b"], np.zeros((2, 128), np.float32))
    names = {f"0dec069c9baf473e.{suffix}" for suffix in ("npy", "csv", "json")}
    assert {path.name for path in store.folder.iterdir()} == names


def test_what_killed_writers_left_is_removed(store):
    store.folder.mkdir()
    for name in ("left.tmp-1.npy", "left.tmp-2.json", "whole.npy"):
        (store.folder / name).touch()
    store.prepare({})
    assert {path.name for path in store.folder.iterdir()} == {"whole.npy", "feature.json"}


def test_batches_have_1024_rows_unless_one_says_otherwise(store):
    keys = [f"key{number}" for number in range(1030)]
    store.write(keys, keys, np.zeros((1030, 128), np.float32))
    assert [len(batch) for batch in store.rows(keys).batches()] == [1024, 6]


@pytest.mark.parametrize(
    ("windows", "jobs", "sizes"),
    [
        (3, 2, [1, 1, 1]),
        (17, 2, [3] * 5 + [2]),  # four shards a worker, so that one that is slow keeps few waiting
        (33_000, 1, [6600] * 5),
        (0, 1, []),
    ],
)
def test_shards_are_small_enough_for_all_workers_and_no_larger_than_8192(store, monkeypatch, windows, jobs, sizes):
    given, done = [], []
    monkeypatch.setattr(
        extraction,
        "run",
        lambda tasks, jobs: nullcontext(
            (given.append(task), (task[1], (len(task[1].windows), {})))[1] for task in tasks
        ),
    )
    one = Window("id", "key", Path("x"), 0.0, 1.0)
    asked = [replace(one, id=f"id{number}", key=f"key{number}") for number in range(windows)]
    found = extraction.extract([*asked, *asked[:1]], [store], jobs, done.append)
    assert [len(shard.windows) for _, shard in given] == sizes
    assert found.computed == {"_wave_fingerprint": windows}
    assert done[0] == len(asked[:1])  # the same sound twice is extracted once
    assert sum(done) == windows + len(asked[:1])


def test_rows_are_of_many_shards_and_never_unpickled(store, tmp_path):
    for number in (1, 2):
        store.write([f"key{number}"], ["a"], np.full((1, 128), number, np.float32))
    assert store.rows(["key2", "key1", "key2"]).take()[:, 5].tolist() == [2, 1, 2]
    np.save(tmp_path / "x.npy", np.array([None]), allow_pickle=True)
    for shape in ((1,), (2, 128)):  # small ones are read whole, others by memory map
        with pytest.raises(ValueError, match=r"Python objects|allow_pickle=False"):
            Rows((tmp_path / "x.npy",), np.zeros((1, 2), dtype=np.int32), shape).take()


def test_each_features_values_lie_in_a_folder_of_their_data_set(tmp_path):
    (found,) = open_stores(tmp_path, NSynth(), {"_wave_fingerprint": WaveFingerprint()}, {SOURCE.name: SOURCE})
    assert found.folder == tmp_path / "features" / "nsynth" / "_wave_fingerprint-82391d3cc5b8"


def test_a_table_that_ends_within_a_name_is_damaged(store):
    store.write(["key0"], ["a, b"], np.zeros((1, 128), np.float32))
    (table,) = store.folder.glob("*.csv")
    table.write_text('key,clip\nkey0,"a, b')
    with pytest.raises(FusionError, match="is damaged"):
        store.index()


def test_a_table_that_cannot_be_read_is_named(store):
    (store.folder / "0.csv").mkdir(parents=True)
    with pytest.raises(FusionError, match=r"0\.csv: this part of the feature store cannot be read"):
        store.index()


def test_every_value_has_a_key_and_a_name(store):
    with pytest.raises(ValueError, match="shorter"):
        store.write(["key0", "key1"], ["a"], np.zeros((2, 128), np.float32))
    assert store.index().keys == {}


def test_what_an_older_version_stored_is_left_alone_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and statistics were made faster, which changed last digits: values of both are not to be mixed."""
    with monkeypatch.context() as before:
        before.setattr("fusion.extraction.store._FORMAT", 1)
        old = Store(tmp_path, WaveFingerprint(), SOURCE, 64000, 16000)
        old.prepare({})
        old.write(["key"], ["clip"], np.zeros((1, *old.shape), np.float32))
    new = Store(tmp_path, WaveFingerprint(), SOURCE, 64000, 16000)
    assert new.folder != old.folder
    assert not new.index().keys
    assert len(old.rows(["key"]).take()) == 1


@pytest.mark.parametrize(("size", "mapped"), [(128, False), (129, True)])
def test_rows_of_more_than_512_bytes_stay_on_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch, size: int, mapped: bool
) -> None:
    """An encoder's vectors of all of NSynth would fill the memory of every worker."""
    modes: list[str | None] = []
    load = np.load
    monkeypatch.setattr(np, "load", lambda path, **how: modes.append(how.get("mmap_mode")) or load(path, **how))
    path = store.folder / "x.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.arange(2 * size, dtype=np.float32).reshape(2, size))
    rows = Rows((path,), np.array([[0, 1]], dtype=np.int32), (size,))
    assert rows.take()[0, 0] == size
    assert modes == ["r" if mapped else None]
