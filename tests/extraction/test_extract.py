"""The feature store: what is computed when, and that nothing wrong is ever taken for data."""

import csv
import errno
import json
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile
from threadpoolctl import threadpool_limits

from fusion.errors import FusionError
from fusion.extraction.extract import Shard, extract_shard
from fusion.extraction.store import Store
from fusion.extraction.window import Window, window_key
from fusion.feature.contract import Feature
from fusion.feature.registry import build
from fusion.plugins.registry import FEATURES, Source, discover
from fusion.runtime import content_hash
from fusion_features.mfcc import MFCC
from fusion_features.spectral_centroid import SpectralCentroid
from fusion_features.zero_crossing_rate import ZeroCrossingRate
from tests.support.features import make as make_feature
from tests.support.features import make_vectors
from tests.support.notes import names, write_part

Fusion = Callable[..., tuple[int, str, str]]

TRAIN = names(["bass", "flute"], [0], range(60, 64))
TEST = names(["bass", "flute"], [0], range(70, 72))
CLIPS = len(TRAIN) + len(TEST)
SPEC = """
dataset: {name: nsynth, protocol: course}
features:
  mfcc: {n_mfcc: 4}
  zero_crossing_rate: {}
model: {conv_filters: [8], dense_units: [8]}
plugins: [plugins]
"""
PLUGIN = """
import os, sys, time
import numpy as np
from fusion import Feature

_buffer = np.zeros(2, dtype=np.float32)

class Odd(Feature):
    version = 1
    factor: float = 1.0

    def shape(self, samples, sr):
        return (2,)

    def extract(self, clip):
        value = np.array([clip.y.max(), clip.y.std()], dtype=np.float32)
        {body}
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("notes")
    write_part(root / "nsynth-valid", TRAIN)
    write_part(root / "nsynth-test", TEST)
    return root


@pytest.fixture
def place(original: Path, tmp_path: Path) -> Path:
    """The folder that `fusion` runs in: data of its own, an empty plug-in folder and an experiment."""
    shutil.copytree(original, tmp_path / "data" / "nsynth")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Do the workers' work in this process; gives the list of audio files that are read."""
    from fusion.extraction import extract as module
    from fusion.extraction import window

    read: list[Path] = []
    read_audio = window.read_audio

    def reading(path: Path, *rest: float) -> np.ndarray:
        read.append(path)
        return read_audio(path, *rest)

    monkeypatch.setattr(window, "read_audio", reading)
    done = lambda calls, jobs: nullcontext((shard, extract_shard(shard)) for _, shard in calls)  # noqa: E731
    monkeypatch.setattr(module, "run", done)
    with threadpool_limits(1):  # as in a worker: the order of a sum depends on it
        yield read


def plugin(place: Path, body: str = "return value", name: str = "odd") -> None:
    (place / "plugins" / f"{name}.py").write_text(PLUGIN.replace("{body}", body))


def extract(fusion: Fusion, *words: object) -> dict[str, int]:
    """Run the command and return how many clips were computed for each feature."""
    code, out, err = fusion("extract", "spec.yaml", "--json", *words)
    assert code == 0, err
    return json.loads(out)["computed"]


def contents(cache: Path) -> dict[str, dict[str, bytes]]:
    """Return the stored features, read without the code under test: values by key, by feature."""
    found: dict[str, dict[str, bytes]] = {}
    for table in cache.glob("features/*/*/*.csv"):
        if ".tmp-" not in table.name and not table.parent.name.startswith("_"):  # not fusion's own prints of sounds
            keys = [row[0] for row in csv.reader(table.open())][1:]
            values = np.load(table.with_suffix(".npy"))
            assert len(values) == len(keys)
            of_feature = found.setdefault(table.parent.name, {})
            of_feature.update(zip(keys, map(np.ndarray.tobytes, values), strict=True))
    return found


def snapshot(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix != ".sqlite"}


def test_a_second_run_computes_and_reads_nothing(
    fusion: Fusion, place: Path, here: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_hash, "_MOMENT", 0)  # trust what has only just been written
    assert extract(fusion) == {"mfcc": CLIPS, "zero_crossing_rate": CLIPS}
    assert len(here) == CLIPS  # one pass over the audio for both features
    here.clear()
    extract(fusion)  # remembers that what was written is as it was written
    before = snapshot(place / ".fusion")
    assert extract(fusion) == {"mfcc": 0, "zero_crossing_rate": 0}
    assert not here
    assert snapshot(place / ".fusion") == before


def test_another_feature_computes_only_that_one(fusion: Fusion, place: Path, here: list[Path]) -> None:
    plugin(place)
    extract(fusion)
    before = contents(place / ".fusion/cache")
    computed = extract(fusion, "--features", "mfcc,zero_crossing_rate,odd")
    assert computed == {"mfcc": 0, "zero_crossing_rate": 0, "odd": CLIPS}
    assert extract(fusion, "--features", "odd") == {"odd": 0}
    after = contents(place / ".fusion/cache")
    assert {name: after[name] for name in before} == before
    assert len(after) == 3


def test_other_parameters_are_stored_beside(fusion: Fusion, place: Path, here: list[Path]) -> None:
    extract(fusion)
    assert extract(fusion, "--set", "features.mfcc.n_mfcc=5") == {"mfcc": CLIPS, "zero_crossing_rate": 0}
    assert extract(fusion) == {"mfcc": 0, "zero_crossing_rate": 0}


def test_more_clips_compute_only_those(fusion: Fusion, place: Path, here: list[Path]) -> None:
    some = extract(fusion, "--set", "dataset.limit=2")["mfcc"]
    assert 0 < some < CLIPS
    assert extract(fusion)["mfcc"] == CLIPS - some


def test_each_feature_gets_the_clips_that_it_lacks(fusion: Fusion, place: Path, here: list[Path]) -> None:
    some = extract(fusion, "--features", "mfcc", "--set", "dataset.limit=2")["mfcc"]
    assert extract(fusion) == {"mfcc": CLIPS - some, "zero_crossing_rate": CLIPS}
    assert len(contents(place / ".fusion/cache")) == 2
    assert all(len(values) == CLIPS for values in contents(place / ".fusion/cache").values())


def test_changed_sound_of_the_same_size_is_noticed(fusion: Fusion, place: Path, here: list[Path]) -> None:
    extract(fusion)
    before = contents(place / ".fusion/cache")
    here.clear()
    path = place / f"data/nsynth/nsynth-valid/audio/{TRAIN[0]}.wav"
    size, mtime = path.stat().st_size, path.stat().st_mtime_ns
    soundfile.write(path, -soundfile.read(path)[0], 16000)
    os.utime(path, ns=(mtime + 10**9, mtime + 10**9))
    assert path.stat().st_size == size
    assert extract(fusion) == {"mfcc": 1, "zero_crossing_rate": 1}
    assert [read.name for read in here] == [path.name]
    after = contents(place / ".fusion/cache")
    assert all(len(values) == CLIPS + 1 for values in after.values())
    assert all(after[name].items() >= values.items() for name, values in before.items())


def test_a_file_that_was_only_touched_or_moved_is_not_extracted_again(
    fusion: Fusion, place: Path, here: list[Path]
) -> None:
    extract(fusion)
    os.utime(place / f"data/nsynth/nsynth-valid/audio/{TRAIN[0]}.wav", (0, 0))
    shutil.move(place / "data", place / "moved")
    assert extract(fusion, "--data", place / "moved/nsynth") == {"mfcc": 0, "zero_crossing_rate": 0}


def test_the_same_sound_is_extracted_once(fusion: Fusion, place: Path, here: list[Path]) -> None:
    audio = place / "data/nsynth/nsynth-valid/audio"
    shutil.copy(audio / f"{TRAIN[0]}.wav", audio / f"{TRAIN[1]}.wav")
    shutil.copy(audio / f"{TRAIN[0]}.wav", place / f"data/nsynth/nsynth-test/audio/{TEST[0]}.wav")
    assert extract(fusion) == {"mfcc": CLIPS - 2, "zero_crossing_rate": CLIPS - 2}
    assert len(here) == CLIPS - 2


def test_damaged_files_are_all_named_though_they_are_the_same(fusion: Fusion, place: Path, here: list[Path]) -> None:
    audio = place / "data/nsynth/nsynth-valid/audio"
    for note in TRAIN[:2]:
        (audio / f"{note}.wav").write_bytes(b"not sound")
    code, out, err = fusion("extract", "spec.yaml")
    assert (code, out) == (2, "")
    assert "2 clips are damaged" in err
    for note in TRAIN[:2]:
        assert f"{note}.wav: cannot be decoded" in err
    assert extract(fusion, "--set", "dataset.skip_damaged=true") == {"mfcc": 0, "zero_crossing_rate": 0}


BODIES = {
    "value[1] = np.nan; return value": "1 of 2 values are NaN or infinite",
    "return value / np.float32(0)": "2 of 2 values are NaN or infinite",
    "return value[:1]": r"declared float32 \(2,\), gave float32 \(1,\)",
    "return value[None]": r"declared float32 \(2,\), gave float32 \(1, 2\)",
    "return value.astype(float)": r"declared float32 \(2,\), gave float64 \(2,\)",
    "return list(value)": r"declared float32 \(2,\), gave list",
    "return None": "gave NoneType",
    "return value[5]": "failed on clip .*: IndexError: index 5 is out of bounds",
    "clip.y[0] = 0; return value": "failed on clip .*: ValueError: .*read-only",
    "sys.exit(0)": "failed on clip .*: SystemExit: 0",
}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("body", BODIES)
def test_a_broken_contract_names_feature_and_clip(fusion: Fusion, place: Path, here: list[Path], body: str) -> None:
    plugin(place, f"if clip.y.max() > 0.1: {body}\n        return value")
    loud = [n for n in [*TRAIN, *TEST] if soundfile.read(next((place / "data").rglob(f"{n}.wav")))[0].max() > 0.1]
    code, out, err = fusion("extract", "spec.yaml", "--features", "odd")
    assert (code, out) == (2, "")
    with pytest.raises(
        FusionError, match=rf"^error: feature odd (on|failed on) clip nsynth-\w+/({'|'.join(loud)})[: ]"
    ):
        raise FusionError(err[err.index("error: ") :])
    with pytest.raises(FusionError, match=BODIES[body]):
        raise FusionError(err)


def test_a_mended_plugin_starts_anew(fusion: Fusion, place: Path, here: list[Path]) -> None:
    plugin(place, "return value * np.nan")
    assert fusion("extract", "spec.yaml", "--features", "odd")[0] == 2
    assert not contents(place / ".fusion/cache")
    plugin(place, "return value * 2")
    assert extract(fusion, "--features", "odd") == {"odd": CLIPS}


def test_a_plugin_may_give_one_buffer_again_and_again(fusion: Fusion, place: Path, here: list[Path]) -> None:
    plugin(place)
    plugin(place, "_buffer[:] = value; return _buffer", name="again")
    extract(fusion, "--features", "odd,again")
    once, again = (values for _, values in sorted(contents(place / ".fusion/cache").items(), reverse=True))
    assert once == again
    assert len(set(once.values())) == CLIPS


def test_a_workers_error_reaches_the_user_whole(fusion: Fusion, place: Path) -> None:
    plugin(place, "raise OSError(5, 'no such luck')")
    code, out, err = fusion("extract", "spec.yaml", "--features", "odd", "--jobs", 2)
    assert (code, out) == (2, "")
    assert err.count("error:") == 1
    assert "Traceback" not in err
    with pytest.raises(
        FusionError,
        match=r"error: feature odd failed on clip nsynth-\w+/[\w-]+ \(odd.py, line \d+\): OSError: .*no such luck",
    ):
        raise FusionError(err)


# what follows knows a store's folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make(tmp_path)
    store.prepare({"numpy": "2"})
    return store


def make(
    folder: Path, feature: Feature | None = None, name: str = "mfcc", samples: int = 4096, sr: int = 8000
) -> Store:
    return Store(folder, feature or MFCC(n_mfcc=2), discover(FEATURES)[name], samples, sr)


def shard(count: int, first: int = 0) -> tuple[list[str], list[str], np.ndarray]:
    """Return keys, ids and values of some clips; every value is its clip's number."""
    numbers = range(first, first + count)
    values = np.broadcast_to(np.float32(numbers)[:, None, None], (count, 9, 2))
    return [f"key{n}" for n in numbers], [f"clip, {n}" for n in numbers], np.ascontiguousarray(values)


def test_rows_come_in_the_order_asked_for(store: Store) -> None:
    store.write(*shard(3))
    store.write(*shard(4, first=3))
    rows = pickle.loads(pickle.dumps(store.rows(["key5", "key0", "key6", "key2", "key5"])))
    assert len(rows) == 5
    values = rows.take()
    assert (values.shape, values.dtype) == ((5, 9, 2), np.float32)
    assert values[:, 0, 0].tolist() == [5, 0, 6, 2, 5]
    assert rows.take(np.array([4, 1]))[:, 8, 1].tolist() == [5, 0]
    assert rows.take(slice(1, 3))[:, 0, 0].tolist() == [0, 6]
    assert [batch[:, 0, 0].tolist() for batch in rows.batches(2)] == [[5, 0], [6, 2], [5]]
    assert len(store.rows([]).take()) == 0


def test_values_are_read_only_files_stay_as_they_are(store: Store) -> None:
    store.write(*shard(3))
    store.rows(["key1"]).take()[:] = 7
    assert store.rows(["key1"]).take()[0, 0, 0] == 1


def test_what_is_not_stored_is_counted(store: Store) -> None:
    store.write(*shard(3))
    with pytest.raises(FusionError, match="2 of 3 clips are not stored; run `fusion extract`"):
        store.rows(["key1", "key3", "key4"])


def test_a_store_says_what_it_is(store: Store) -> None:
    assert json.loads((store.folder / "feature.json").read_text()) == {
        "feature": "mfcc",
        "version": 1,
        "source": "fusion_features.mfcc",
        "parameters": MFCC(n_mfcc=2).model_dump(),
        "samples": 4096,
        "sr": 8000,
        "format": 3,
        "shape": [9, 2],
        "libraries": {"numpy": "2"},
    }


def test_a_store_says_which_libraries_were_others(store: Store) -> None:
    assert store.made_with_others() == []
    path = store.folder / "feature.json"
    path.write_text(json.dumps({"libraries": {"librosa": "0.8.0", "numpy": "1", "soxr": version("soxr")}}))
    assert store.made_with_others() == [f"librosa 0.8.0 (here {version('librosa')})"]
    path.write_text("{")
    assert store.made_with_others() == []


class NewMFCC(MFCC):
    version = 2


@pytest.mark.parametrize(
    "other",
    [
        {"feature": MFCC(n_mfcc=3)},
        {"feature": MFCC(n_mfcc=2, fmin=1.0)},
        {"feature": NewMFCC(n_mfcc=2)},
        {"sr": 16000},
        {"samples": 4097},
        {"name": "zero_crossing_rate", "feature": ZeroCrossingRate()},
    ],
)
def test_the_folder_changes_with_all_that_the_numbers_depend_on(tmp_path: Path, other: dict) -> None:
    assert make(tmp_path).folder == make(tmp_path).folder
    assert make(tmp_path, **other).folder != make(tmp_path).folder


def test_the_folder_does_not_tell_a_default_from_the_same_value_written_out(tmp_path: Path) -> None:
    texts = ["{}", '{"n_mfcc": 20}', '{"n_fft": 1024, "n_mfcc": 20}']
    assert len({make(tmp_path, build(discover(FEATURES)["mfcc"], text)).folder for text in texts}) == 1


def test_the_folder_changes_with_a_plugins_text(tmp_path: Path) -> None:
    folders = set()
    for text in ("a = 1", "a = 2"):
        (tmp_path / "odd.py").write_text(text)
        source = Source(FEATURES, "odd", file=tmp_path / "odd.py")
        folders.add(Store(tmp_path, MFCC(), source, 4096, 8000).folder)
    assert len(folders) == 2


def test_a_key_is_content_and_place() -> None:
    keys = [window_key("a", 0.0, 4.0), window_key("b", 0.0, 4.0), window_key("a", 1.0, 4.0), window_key("a", 0.0, 3.0)]
    assert len(set(keys)) == 4
    assert window_key("a", 0.0, 4.0) == keys[0]


def write_array(array: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path, array)


DAMAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut": (".npy", lambda path: os.truncate(path, path.stat().st_size - 8), "is damaged"),
    "cut header": (".npy", lambda path: os.truncate(path, 40), "is damaged"),
    "empty": (".npy", lambda path: os.truncate(path, 0), "is damaged"),
    "zeros": (".npy", lambda path: path.write_bytes(bytes(path.stat().st_size)), "is damaged"),
    "gone": (".npy", lambda path: path.unlink(), "is damaged"),
    "objects": (".npy", write_array(np.array([None] * 3)), "is damaged"),
    "doubles": (".npy", write_array(np.zeros((3, 9, 2))), r"holds float64 of shape \(3, 9, 2\)"),
    "other shape": (".npy", write_array(np.zeros((3, 9, 3), np.float32)), r"holds float32 of shape \(3, 9, 3\)"),
    "too few rows": (".npy", write_array(np.zeros((2, 9, 2), np.float32)), r"holds float32 of shape \(2, 9, 2\)"),
    "no text": (".csv", lambda path: path.write_bytes(b"key,clip\n\xff\xfe,\x80\n"), "is damaged"),
    "cut table": (".csv", lambda path: path.write_text("key,clip\nkey0,clip\nkey1"), "is damaged"),
    "three columns": (".csv", lambda path: path.write_text("key,clip\nkey0,clip, 0\n"), "is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_shard_is_named(store: Store, damage: str) -> None:
    suffix, spoil, message = DAMAGE[damage]
    store.write(*shard(3))
    (path,) = store.folder.glob(f"*{suffix}")
    spoil(path)
    remedy = f"delete the folder .*{store.folder.name}"
    with pytest.raises(FusionError, match=rf"{path.name}: this part of the feature store {message}.*{remedy}"):
        store.rows(["key0", "key1", "key2"])


def flip_one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)


def lose_a_line(path: Path) -> None:
    """Make every row after it another clip's, if nobody looked."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[2:]]))


HARM: list[tuple[str, Callable[[Path], object]]] = [
    (".npy", flip_one_bit),
    (".npy", lambda path: os.truncate(path, 300)),
    (".npy", lambda path: path.write_bytes(path.read_bytes()[:4096].ljust(path.stat().st_size, b"\0"))),
    (".npy", Path.unlink),
    (".csv", flip_one_bit),
    (".csv", lose_a_line),
    (".csv", lambda path: os.truncate(path, 100)),
    (".json", Path.unlink),
    (".json", lambda path: path.write_text("{")),
    (".json", lambda path: path.write_bytes(b"\xff")),
]


@pytest.mark.parametrize(("suffix", "harm"), HARM)
def test_what_is_not_as_it_was_written_is_named_and_extracted_again(
    fusion: Fusion, place: Path, here: list[Path], suffix: str, harm: Callable[[Path], object]
) -> None:
    extract(fusion)
    whole = contents(place / ".fusion/cache")
    table = max((place / ".fusion/cache/features/nsynth").glob("mfcc-*/*.csv"), key=lambda path: path.stat().st_size)
    clips = len(table.read_text().splitlines()) - 1
    harm(table.with_suffix(suffix))
    code, out, err = fusion("extract", "spec.yaml", "--json")
    assert code == 0, err
    assert json.loads(out)["computed"] == {"mfcc": clips, "zero_crossing_rate": 0}
    assert f"{table.with_suffix('.npy').relative_to(place)}: not as it was written; it is extracted again" in err
    assert contents(place / ".fusion/cache") == whole
    code, _, err = fusion("extract", "spec.yaml")
    assert "as it was written" not in err


def test_an_empty_table_counts_for_nothing(store: Store) -> None:
    store.write(*shard(3))
    (table,) = store.folder.glob("*.csv")
    os.truncate(table, 0)
    assert not store.index().keys


def test_a_table_whose_name_begins_with_a_dot_counts_for_nothing(store: Store) -> None:
    store.write(*shard(3))
    (table,) = store.folder.glob("*.csv")
    table.with_name(f"._{table.name}").write_bytes(b"\x00\x05\x16\x07\xff")  # as macOS writes beside a copy
    assert len(store.rows(["key0", "key1", "key2"])) == 3


def test_half_written_files_are_no_data(fusion: Fusion, place: Path, here: list[Path]) -> None:
    extract(fusion, "--cache", "whole")
    extract(fusion)
    for path in list((place / ".fusion/cache").glob("features/nsynth/*/*")):
        if path.suffix == ".csv":  # killed before the table was renamed, and before the values were whole
            path.rename(path.with_name(f"{path.stem}.tmp-0badcafe.csv"))
            shutil.copy(path.with_suffix(".npy"), path.with_name(f"{path.stem}.tmp-0badcafe.npy"))
            os.truncate(path.with_suffix(".npy"), 200)
    assert not contents(place / ".fusion/cache")
    assert extract(fusion) == {"mfcc": CLIPS, "zero_crossing_rate": CLIPS}
    assert contents(place / ".fusion/cache") == contents(place / "whole")


def fail_to_save(monkeypatch: pytest.MonkeyPatch, written: bytes) -> None:
    def save(path: Path, values: np.ndarray, **options: bool) -> None:
        Path(path).write_bytes(written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", save)


@pytest.mark.parametrize("written", [b"", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', "])
def test_a_full_disk_leaves_nothing_half_written(store: Store, monkeypatch: pytest.MonkeyPatch, written: bytes) -> None:
    store.write(*shard(2))
    before = snapshot(store.folder)
    with monkeypatch.context() as patch:
        fail_to_save(patch, written)
        with pytest.raises(FusionError, match=r"\.npy: cannot be written: No space left on device; free some space"):
            store.write(*shard(3, first=2))
    assert snapshot(store.folder).keys() == before.keys()
    store.write(*shard(3, first=2))
    assert len(store.rows([f"key{n}" for n in range(5)])) == 5


def test_values_without_their_table_do_not_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def writerows(self, rows: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(csv, "writer", lambda file: Full())
        with pytest.raises(FusionError, match=r"\.csv: cannot be written: No space left"):
            store.write(*shard(3))
    assert not store.index().keys
    store.write(*shard(3))
    assert len(store.index().keys) == 3


@pytest.mark.parametrize(
    "cache",
    [
        "a-file",
        "a-file/below",
        pytest.param("/proc/nowhere", marks=pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc")),
        pytest.param("locked", marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")),
    ],
)
def test_a_cache_that_cannot_be_written(fusion: Fusion, place: Path, here: list[Path], cache: str) -> None:
    (place / "a-file").write_text("kept")
    (place / "locked").mkdir(mode=0o500)
    code, out, err = fusion("extract", "spec.yaml", "--cache", cache)
    assert (code, out) == (2, "")
    assert err.count("error: ") == 1
    assert f"error: {cache}" in err
    assert "cannot be written: " in err
    assert "--cache" in err
    assert (place / "a-file").read_text() == "kept"


def test_a_file_in_the_stores_way_is_named(fusion: Fusion, place: Path, here: list[Path]) -> None:
    (place / ".fusion/cache").mkdir(parents=True)
    (place / ".fusion/cache/features").write_text("kept")
    code, out, err = fusion("extract", "spec.yaml")
    assert (code, out) == (2, "")
    assert err.count("error: .fusion/cache/features/nsynth") == 1
    assert "Not a directory" in err
    assert (place / ".fusion/cache/features").read_text() == "kept"


# and what follows runs the command as its own process


@pytest.fixture
def start(place: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `fusion extract` in a process group that ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str, most_bytes: int | None = None) -> subprocess.Popen[str]:
        def limit() -> None:
            if most_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

        program = "from fusion.cli.app import main; main()"  # -B: bytecode must not be cut by the limit
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", program, "extract", "spec.yaml", *words],
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=limit,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_workers_are_bare_and_any_number_of_them_gives_the_same(
    fusion: Fusion, place: Path, here: list[Path], start: Callable[..., subprocess.Popen[str]]
) -> None:
    plugin(place, "return np.float32([m in sys.modules for m in ('keras', 'tensorflow')])", name="heavy")
    plugin(place, "return np.float32([m in sys.modules for m in ('pandas', 'matplotlib')])", name="program")
    plugin(place, "return np.float32([os.getpid(), int(os.environ['OMP_NUM_THREADS'])])", name="own")
    numbers = "mfcc,spectral_centroid,spectral_rolloff,tonnetz,zero_crossing_rate"
    process = start("--features", f"{numbers},heavy,program,own", "--jobs", "2", "--cache", "many")
    extract(fusion, "--features", numbers, "--cache", "one")
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 0, err
    many = {name.split("-")[0]: values for name, values in contents(place / "many").items()}
    assert set(many.pop("heavy").values()) == set(many.pop("program").values()) == {np.float32([0, 0]).tobytes()}
    processes, threads = zip(*(np.frombuffer(value, np.float32) for value in many.pop("own").values()), strict=True)
    assert process.pid not in processes
    assert set(threads) == {1}
    assert many == {name.split("-")[0]: values for name, values in contents(place / "one").items()}
    assert [len(set(values.values())) for values in many.values()] == [CLIPS] * 5


def tables(cache: Path) -> int:
    return len([path for path in cache.glob("features/*/odd-*/*.csv") if ".tmp-" not in path.name])


def test_a_run_that_is_killed_again_and_again_goes_on(
    fusion: Fusion, place: Path, here: list[Path], start: Callable[..., subprocess.Popen[str]]
) -> None:
    plugin(place, "time.sleep(0.1); return value")
    chosen = ("--features", "zero_crossing_rate,odd")
    extract(fusion, *chosen, "--cache", "whole")
    cache = place / ".fusion/cache"
    moments = random.Random(time.time_ns())
    counts = [0]
    for kill in (os.killpg, os.kill, os.kill):  # the whole group, or the main process alone
        process = start(*chosen, "--jobs", "1")
        while tables(cache) <= counts[-1] and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.2))
        if process.poll() is None:
            kill(process.pid, signal.SIGKILL)
        process.wait()
        counts.append(tables(cache))
        contents(cache)  # whatever counts is whole
    assert 0 < counts[1] < 4  # four shards
    assert counts == sorted(counts)
    assert extract(fusion, *chosen)["odd"] < CLIPS
    assert contents(cache) == contents(place / "whole")
    assert extract(fusion, *chosen) == {"zero_crossing_rate": 0, "odd": 0}


def test_a_disk_that_fills_up_is_one_message(
    fusion: Fusion, place: Path, here: list[Path], start: Callable[..., subprocess.Popen[str]]
) -> None:
    # a file may have 24 kB: enough for the table of hashes, too little for three clips of 32 kB
    rate = "features.zero_crossing_rate"
    chosen = ("--features", "zero_crossing_rate", "--set", f"{rate}.statistics=null", "--set", f"{rate}.hop_length=8")
    extract(fusion, *chosen, "--cache", "whole")
    process = start(*chosen, "--jobs", "1", most_bytes=24 * 1024)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    errors = [line for line in err.splitlines() if not line.startswith(("checking audio", "extracting"))]
    assert len(errors) == 1, err
    assert ".npy: cannot be written: " in errors[0]
    assert "free some space" in errors[0]
    cache = place / ".fusion/cache"
    assert not contents(cache)
    assert not list(cache.rglob("*.tmp-*"))
    extract(fusion, *chosen)
    assert contents(cache) == contents(place / "whole")


def test_a_shard_is_no_larger_than_a_worker_should_hold(
    fusion: Fusion, place: Path, here: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = 4 * (4 * 126 + 8 + 128)  # bytes of both features of a clip of 4 s, and of its fingerprint
    monkeypatch.setattr("fusion.extraction.extract._MOST_BYTES", 2 * row + 1)
    extract(fusion, "--features", "mfcc,zero_crossing_rate", "--jobs", 1)
    shards = list(place.glob(".fusion/cache/features/nsynth/mfcc-*/*.npy"))
    assert sorted(len(np.load(shard)) for shard in shards) == [2] * (CLIPS // 2)


def test_a_file_that_changes_before_a_worker_reads_it_is_an_error(tmp_path: Path) -> None:
    vectors = make_vectors(tmp_path / "v.npz", ["one"])
    store = make(tmp_path, make_feature("embedding", file=vectors), "embedding")
    make_vectors(vectors, ["one", "another"])
    with pytest.raises(FusionError, match="feature embedding: a file that it reads has changed; run the command again"):
        extract_shard(Shard((), (store,)))


def test_where_the_clip_counts_each_has_its_own_key(tmp_path: Path) -> None:
    by_sound, by_clip = (make(tmp_path, make_feature(name), name) for name in ("mfcc", "embedding"))
    one = Window("a at 1 s", "0" * 32, Path("a.wav"), 1.0, 1.0, clip="a")
    others = [replace(one, clip="b"), replace(one, path=Path("b.wav")), replace(one, key="1" * 32)]
    assert {by_sound.key(window) for window in (one, *others[:2])} == {one.key}
    assert len({by_clip.key(window) for window in (one, *others)}) == 4
    assert by_clip.key(replace(one, id="elsewhere")) == by_clip.key(one)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux alone")
def test_many_shards_need_few_file_descriptors(tmp_path: Path) -> None:
    """At NSynth's size a feature has dozens of shards; 256 files may be open at once on some systems."""
    stores = [make(tmp_path, name="mfcc"), make(tmp_path, SpectralCentroid(), "spectral_centroid")]
    for store in stores:
        store.prepare({"numpy": "2"})
        for first in range(0, 300, 2):
            store.write([f"key{n}" for n in (first, first + 1)], ["", ""], np.zeros((2, *store.shape), np.float32))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for store in stores:
        assert len(store.rows([f"key{n}" for n in range(300)]).take()) == 300
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 130


@pytest.mark.long
def test_of_two_commands_at_once_neither_extracts_what_the_other_has(place: Path) -> None:
    words = [sys.executable, "-m", "fusion.cli", "extract", "spec.yaml", "--json", "--jobs", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    commands = [subprocess.Popen(words, cwd=place, **pipes) for _ in range(2)]
    said = [each.communicate(timeout=200) for each in commands]
    assert [each.returncode for each in commands] == [0, 0], said
    computed = [json.loads(out)["computed"]["mfcc"] for out, _ in said]
    assert sorted(computed) == [0, CLIPS], said
