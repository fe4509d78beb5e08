"""NSynth's layout: which notes train, validate and test, and what is said when something is not there."""

import gzip
import json
import random
import re
import resource
import time
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.datasets.cautions import cautions
from fusion.datasets.corpus import Corpus
from fusion.datasets.groups import shuffled
from fusion.datasets.nsynth import NSynth
from fusion.errors import FusionError
from tests.support.notes import FAMILIES, SOURCES, example, names

TEST_NOTES = Path(__file__).parents[1] / "data" / "nsynth_test_notes.txt.gz"


def write(root: Path, suffix: str = ".wav", **parts: list[str]) -> Path:
    """Write parts (train, valid, test) with metadata and empty files: the reader does not open audio."""
    for part, notes in parts.items():
        audio = root / f"nsynth-{part}" / "audio"
        audio.mkdir(parents=True)
        for note in notes:
            (audio / f"{note}{suffix}").touch()
        write_examples(root, part, {note: example(note) for note in notes})
    return root


def write_examples(root: Path, part: str, examples: Any) -> None:
    (root / f"nsynth-{part}" / "examples.json").write_text(json.dumps(examples))


def read(root: Path, **settings: Any) -> Corpus:
    return NSynth(**settings).read_corpus(root, lambda paths: [""] * len(paths))


def refusal(root: Path, **settings: Any) -> str:
    with pytest.raises(FusionError) as error:
        read(root, **settings)
    return str(error.value)


def ids(dataset: Corpus, split: str) -> set[str]:
    return set(dataset.part(split)["id"])


def groups(dataset: Corpus, split: str) -> set[str]:
    return set(dataset.part(split)["group"])


def counts(dataset: Corpus, split: str) -> dict[str, int]:
    return dict(Counter(dataset.part(split)["labels"]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three families: train has six instruments of each, valid and test share two others."""
    three = ["bass", "flute", "reed"]
    return write(
        tmp_path,
        train=names(three, [0, 1, 2, 3, 4, 5], range(40, 50)),
        valid=names(three, [6, 7], range(40, 60)),
        test=names(three, [6, 7], range(60, 70)),
    )


PROTOCOLS = [
    {"protocol": "course"},
    {"protocol": "official"},
    {"protocol": "official", "validation": "official"},
]


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_the_table_has_its_columns(root, settings):
    dataset = read(root, **settings)
    assert set(dataset.table.columns) == {"id", "path", "start", "duration", "labels", "group", "split"}
    assert dataset.table["id"].is_unique
    assert all(path.is_file() for path in dataset.table["path"])
    assert set(dataset.table["start"]) == {0.0}
    assert set(dataset.table["duration"]) == {4.0}
    assert dataset.classes == ("bass", "flute", "reed")
    assert all(group.startswith(f"{label}_acoustic_") for group, label in dataset.table[["group", "labels"]].to_numpy())
    assert all(note.split("/")[1].startswith(f"{group}-") for note, group in dataset.table[["id", "group"]].to_numpy())


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_every_note_is_in_one_split_and_the_test_is_nsynths(root, settings):
    dataset = read(root, **settings)
    assert {note.split("/")[0] for note in ids(dataset, "test")} == {"nsynth-test"}
    assert len(ids(dataset, "test")) == 3 * 2 * 10
    assert not ids(dataset, "test") & (ids(dataset, "validation") | ids(dataset, "train"))
    assert not ids(dataset, "train") & ids(dataset, "validation")


def test_the_course_protocol_trains_on_nsynth_valid_and_holds_a_tenth_of_each_familys_notes_out(root):
    dataset = read(root, protocol="course")
    both = ids(dataset, "train") | ids(dataset, "validation")
    assert {note.split("/")[0] for note in both} == {"nsynth-valid"}
    assert counts(dataset, "train") == {"bass": 36, "flute": 36, "reed": 36}
    assert counts(dataset, "validation") == {"bass": 4, "flute": 4, "reed": 4}


def test_the_official_protocol_holds_whole_training_instruments_out(root):
    dataset = read(root, protocol="official")
    both = ids(dataset, "train") | ids(dataset, "validation")
    assert {note.split("/")[0] for note in both} == {"nsynth-train"}
    assert len(both) == 3 * 6 * 10
    assert not groups(dataset, "train") & groups(dataset, "validation")
    assert not groups(dataset, "test") & (groups(dataset, "train") | groups(dataset, "validation"))
    assert counts(dataset, "validation") == {"bass": 10, "flute": 10, "reed": 10}


def test_official_validation_is_all_of_nsynth_valid(root):
    dataset = read(root, protocol="official", validation="official")
    assert {note.split("/")[0] for note in ids(dataset, "train")} == {"nsynth-train"}
    assert {note.split("/")[0] for note in ids(dataset, "validation")} == {"nsynth-valid"}
    assert (len(ids(dataset, "train")), len(ids(dataset, "validation"))) == (3 * 6 * 10, 3 * 2 * 20)


def test_instruments_of_many_notes_are_held_out_up_to_about_a_tenth(tmp_path):
    notes = [note for n in range(40) for note in names(["bass", "reed"], [n], range(30, 35 + n % 7))]
    dataset = read(write(tmp_path, train=notes, test=names(["bass", "reed"], [90], range(40, 45))))
    for label, count in counts(dataset, "validation").items():
        assert 0.05 < count / (count + counts(dataset, "train")[label]) < 0.15


def test_one_large_and_one_small_instrument_leave_the_large_one_in_training(tmp_path):
    train = names(["bass", "reed"], [0], range(20, 100)) + names(["bass", "reed"], [1], range(20, 60))
    dataset = read(write(tmp_path, train=train, test=names(["bass", "reed"], [9], range(40, 45))))
    assert groups(dataset, "train") == {"bass_acoustic_000", "reed_acoustic_000"}
    assert groups(dataset, "validation") == {"bass_acoustic_001", "reed_acoustic_001"}


def test_a_familys_only_instrument_trains_and_validation_says_so(tmp_path):
    train = names(["bass", "reed"], [0, 1], range(40, 60)) + names(["flute"], [3], range(40, 60))
    dataset = read(write(tmp_path, train=train, test=names(["bass", "flute", "reed"], [9], range(40, 45))))
    assert counts(dataset, "train")["flute"] == 20
    assert set(counts(dataset, "validation")) == {"bass", "reed"}
    assert "missing-class: validation has no clip of flute (its only training group is flute_acoustic_003)" in cautions(
        dataset
    )


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_splits_depend_on_nothing_but_the_notes(root, settings):
    before = read(root, **settings).table
    for part in ("train", "valid", "test"):
        path = root / f"nsynth-{part}" / "examples.json"
        entries = list(json.loads(path.read_text()).items())
        random.Random(part).shuffle(entries)
        write_examples(root, part, dict(entries))
    moved = root.rename(root.with_name(f"{root.name}-moved"))
    after = read(moved, **settings).table
    assert before.drop(columns="path").equals(after.drop(columns="path"))


def test_seeded_orders_are_the_same_on_every_machine():
    letters = list("abcdefgh")
    assert "".join(shuffled(letters, "limit")) == "agfdcehb"
    assert "".join(shuffled(letters, "validation")) == "fegdbhca"


def test_seeded_orders_stay_when_there_is_more():
    few = shuffled(map(str, range(50)), "x")
    many = shuffled(map(str, range(100)), "x")
    assert [name for name in many if int(name) < 50] == few


def test_the_course_protocol_leaves_synthetic_sources_leads_and_voices_out(tmp_path):
    notes = [note for source in SOURCES for note in names(FAMILIES, [0], range(40, 52), source)]
    root = write(tmp_path, train=notes, valid=notes, test=notes)
    seed = read(root, protocol="course")
    assert set(seed.classes) == set(FAMILIES) - {"synth_lead", "vocal"}
    assert not any("_synthetic_" in group for group in seed.table["group"])
    official = read(root, protocol="official", validation="official")
    assert set(official.classes) == set(FAMILIES)
    assert any("_synthetic_" in group for group in official.table["group"])


def test_sources_and_families_choose_notes(tmp_path):
    notes = [note for source in SOURCES for note in names(FAMILIES, [0], range(40, 52), source)]
    root = write(tmp_path, valid=notes, test=notes)
    dataset = read(root, protocol="course", sources=("synthetic",), families=("vocal", "bass"))
    assert groups(dataset, "test") == {"bass_synthetic_000", "vocal_synthetic_000"}
    assert groups(dataset, "train") == groups(dataset, "test")


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_a_limit_holds_for_each_class_and_part(root, settings):
    dataset = read(root, limit=5, **settings)
    parts = dataset.table.assign(part=[note.split("/")[0] for note in dataset.table["id"]])
    assert set(parts.groupby(["part", "labels"]).size()) == {5}
    assert set(counts(dataset, "test").values()) == {5}


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_a_smaller_limit_gives_some_of_a_larger_ones_notes(root, settings):
    three, five, every = (set(read(root, limit=limit, **settings).table["id"]) for limit in (3, 5, None))
    assert three < five < every


def test_a_limit_beyond_the_notes_changes_nothing(root):
    assert read(root, protocol="course", limit=10**6).table.equals(read(root, protocol="course").table)


def test_classes_without_training_notes_are_left_out_and_counted(tmp_path):
    root = write(
        tmp_path,
        train=names(["bass", "reed"], [0, 1], range(40, 60)),
        valid=names(["bass", "reed", "vocal"], [3], range(40, 47)),
        test=names(["bass", "flute", "reed"], [3], range(40, 45)),
    )
    dataset = read(root, protocol="official", validation="official")
    assert dataset.classes == ("bass", "reed")
    assert set(dataset.table["labels"]) == {"bass", "reed"}
    assert "missing-class: 5 test clips of flute left out: the class has no training clip" in cautions(dataset)
    assert "missing-class: 7 validation clips of vocal left out: the class has no training clip" in cautions(dataset)


def test_classes_that_are_not_tested_are_named(tmp_path):
    root = write(
        tmp_path,
        valid=names(["bass", "flute", "reed"], [0], range(40, 60)),
        test=names(["bass", "reed"], [0], range(60, 65)),
    )
    dataset = read(root, protocol="course")
    assert dataset.classes == ("bass", "flute", "reed")
    assert "missing-class: test has no clip of flute" in cautions(dataset)


def test_a_class_with_one_note_trains(tmp_path):
    root = write(
        tmp_path,
        valid=names(["bass", "reed"], [0], range(40, 60)) + names(["flute"], [0], range(40, 41)),
        test=names(["bass", "flute", "reed"], [0], range(60, 65)),
    )
    dataset = read(root, protocol="course")
    assert counts(dataset, "train")["flute"] == 1
    assert "missing-class: validation has no clip of flute (its only training group is flute_acoustic_000)" in cautions(
        dataset
    )


def shared(dataset: Corpus) -> list[str]:
    return [warning for warning in cautions(dataset) if warning.startswith("shared-groups: ")]


def test_known_test_instruments_are_counted(tmp_path):
    root = write(
        tmp_path,
        valid=names(["bass", "reed"], [0, 1], range(40, 60)),
        test=names(["bass", "reed"], [1, 2], range(60, 65)) + names(["reed"], [3], range(60, 67)),
    )
    assert shared(read(root, protocol="course")) == [
        "shared-groups: 2 of 5 test instruments (10 of 27 clips) are also in train: "
        "the score is for new clips of known instruments, not for unknown ones"
    ]


def test_test_instruments_that_stop_the_training_are_counted(root):
    assert shared(read(root, protocol="official", validation="official")) == [
        "shared-groups: 6 of 6 test instruments (60 of 60 clips) are also in validation: "
        "the network was stopped by what it did on the test's own instruments"
    ]
    assert not shared(read(root, protocol="official"))


def test_folds_hold_instruments_of_all_parts_and_each_is_tested_once_a_repeat(tmp_path):
    root = write(
        tmp_path,
        train=names(["bass", "reed"], [0, 1, 2], range(40, 60)),
        test=names(["bass", "reed"], [3, 4], range(40, 42)),
    )
    dataset = read(root, protocol="cv", folds=3, repeats=2)
    assert dataset.folds.shape == (2, len(dataset.table))
    assert (dataset.folds[0] != dataset.folds[1]).any()
    folds = dataset.each_fold()
    assert [(fold.fold, fold.repeat) for fold in folds] == [(n, n // 3) for n in range(6)]
    for repeat in range(2):
        own = [fold for fold in folds if fold.repeat == repeat]
        tested = np.concatenate([fold.test for fold in own])
        assert sorted(tested) == list(range(len(dataset.table)))
        for fold in own:
            splits = [set(dataset.groups[fold.clips(split)]) for split in ("train", "validation", "test")]
            assert all(one.isdisjoint(other) for one, other in combinations(splits, 2))
    assert dataset.table["group"].nunique() == 10
    assert any(note == "damaged: nsynth-valid is not there" for note in dataset.notes)


def test_folds_of_a_family_with_one_instrument_are_a_message(tmp_path):
    root = write(
        tmp_path,
        train=names(["bass"], [0, 1, 2], range(40, 60)),
        test=names(["bass"], [3], range(40, 42)) + names(["reed"], [0], range(40, 42)),
    )
    with pytest.raises(FusionError, match=r"reed cannot be both trained on and tested.*one group alone"):
        read(root, protocol="cv", folds=2)


def test_classes_with_few_test_instruments_are_counted(tmp_path):
    root = write(
        tmp_path,
        train=names(["bass", "reed"], [0, 1], range(40, 60)),
        test=names(["bass"], list(range(10, 19)), range(40, 42)) + names(["reed"], list(range(10, 20)), range(40, 42)),
    )
    (text,) = cautions(read(root))
    assert text.startswith("few-groups: only 19 test instruments: take the intervals as rough; ")
    assert text.endswith("; fewer than 10 instruments of bass 9, which get no interval of their own")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".WAV", ".Flac"])
def test_lossless_and_lossy_files_are_read(tmp_path, suffix):
    two = names(["bass", "reed"], [0, 1], range(40, 60))
    dataset = read(write(tmp_path, suffix, valid=two, test=two), protocol="course")
    assert {path.suffix for path in dataset.table["path"]} == {suffix}


def test_of_several_files_the_least_compressed_is_read(tmp_path):
    notes = names(["bass", "reed"], [0], range(40, 60))
    root = write(tmp_path, ".ogg", valid=notes, test=notes)
    for note in notes[:10]:
        (root / "nsynth-test" / "audio" / f"{note}.flac").touch()
    for note in notes[:3]:
        (root / "nsynth-test" / "audio" / f"{note}.wav").touch()
    found = read(root, protocol="course").part("test").set_index("id")["path"]
    suffixes = [found[f"nsynth-test/{note}"].suffix for note in notes]
    assert suffixes == [".wav"] * 3 + [".flac"] * 7 + [".ogg"] * 30


def test_files_that_no_metadata_name_are_left_alone(root):
    (root / "nsynth-test" / "audio" / "bass_acoustic_099-040-025.wav").touch()
    (root / "nsynth-test" / "audio" / "._bass_acoustic_006-060-025.wav").touch()
    assert len(ids(read(root, protocol="course"), "test")) == 60


@pytest.mark.parametrize("there", [False, True])
def test_a_missing_data_set_says_how_to_get_one(tmp_path, there):
    root = tmp_path / "nothing"
    if there:
        root.mkdir()
    message = refusal(root)
    assert message.startswith(f"{root}: NSynth is not there (no folder nsynth-train)")
    for way_out in ("`fusion data get nsynth`", "--sample", "--data DIR"):
        assert way_out in message


def test_a_root_that_is_a_file_is_no_data_set(tmp_path):
    (tmp_path / "file").touch()
    assert "NSynth is not there" in refusal(tmp_path / "file")


@pytest.mark.parametrize(
    ("settings", "lost", "lack"),
    [
        ({"protocol": "course"}, "nsynth-test", "nsynth-test: half unpacked, examples.json and audio missing"),
        ({"protocol": "course"}, "nsynth-valid", "nsynth-valid: half unpacked, examples.json and audio missing"),
        ({"protocol": "course"}, "nsynth-test/audio", "nsynth-test: half unpacked, audio missing"),
        ({"protocol": "course"}, "nsynth-valid/examples.json", "nsynth-valid: half unpacked, examples.json missing"),
        ({"protocol": "official"}, "nsynth-train", "nsynth-train: half unpacked, examples.json and audio missing"),
        (
            {"protocol": "official", "validation": "official"},
            "nsynth-valid/audio",
            "nsynth-valid: half unpacked, audio missing",
        ),
    ],
)
def test_a_half_unpacked_data_set_is_named(root, tmp_path_factory, settings, lost, lack):
    (root / lost).rename(tmp_path_factory.mktemp("lost") / "lost")
    assert refusal(root, **settings).startswith(f"{root}/{lack}; unpack nsynth's archive again")


def test_a_file_in_the_place_of_a_folder_is_half_unpacked(root, tmp_path_factory):
    audio = root / "nsynth-test" / "audio"
    audio.rename(tmp_path_factory.mktemp("lost") / "lost")
    audio.touch()
    assert refusal(root, protocol="course").startswith(f"{root}/nsynth-test: half unpacked, audio missing")


@pytest.mark.parametrize(("settings", "part"), [({"protocol": "course"}, "train"), ({"protocol": "official"}, "valid")])
def test_parts_that_a_protocol_does_not_need_may_be_missing(root, tmp_path_factory, settings, part):
    (root / f"nsynth-{part}").rename(tmp_path_factory.mktemp("lost") / "lost")
    assert len(ids(read(root, **settings), "test")) == 60


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": 1', b"not json", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 100_000, b'{"a": 1}}', b"9" * 5000],
)
def test_metadata_that_are_no_json_are_named(root, content):
    path = root / "nsynth-test" / "examples.json"
    path.write_bytes(content)
    assert re.match(rf"{re.escape(str(path))}: not valid JSON, perhaps cut short \(.+; unpack it again$", refusal(root))


def test_metadata_cut_short_are_named(root):
    path = root / "nsynth-test" / "examples.json"
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal(root).startswith(f"{path}: not valid JSON, perhaps cut short (")


@pytest.mark.parametrize(("content", "kind"), [([], "list"), ("x", "str"), (5, "int"), (None, "NoneType")])
def test_metadata_that_are_no_object_are_named(root, content, kind):
    write_examples(root, "test", content)
    assert refusal(root) == f"{root}/nsynth-test/examples.json: should be one object keyed by note, found a {kind}"


def test_empty_metadata_leave_nothing_to_test(root):
    write_examples(root, "test", {})
    assert refusal(root).startswith("nsynth, protocol official: no test clip is left; loosen the data set's options")


def changed(note: str, **changes: Any) -> dict[str, Any]:
    return {**example(note), **changes}


NOTE = "bass_acoustic_006-060-025"


@pytest.mark.parametrize(
    ("note", "entry"),
    [
        (NOTE, changed(NOTE, instrument_family_str="reed")),
        (NOTE, changed(NOTE, instrument_source_str="electronic")),
        (NOTE, changed(NOTE, instrument_str="bass_acoustic_007")),
        (NOTE, changed(NOTE, instrument_str=6)),
        (NOTE, changed(NOTE, instrument_family_str=["bass"])),
        (NOTE, {}),
        (NOTE, None),
        (NOTE, [1]),
        (NOTE, "x"),
        ("../../etc/passwd-060-100", changed(NOTE)),
        ("../../etc/passwd-060-100", changed(NOTE, instrument_str="../../etc/passwd")),
        (f"../audio/{NOTE}", changed(NOTE, instrument_str="../audio/bass_acoustic_006")),
        (f"/{NOTE}", changed(NOTE)),
        (f"{NOTE}.wav", changed(NOTE)),
        (f"{NOTE}\n", changed(NOTE)),
        (f"{NOTE}\0", changed(NOTE)),
        ("", changed(NOTE)),
        ("bass_acoustic_006", changed(NOTE)),
        ("harp_acoustic_006-060-025", changed(NOTE, instrument_str="harp_acoustic_006", instrument_family_str="harp")),
    ],
)
def test_an_entry_that_describes_no_note_is_named(root, note, entry):
    good = {name: example(name) for name in names(["bass", "reed"], [6], range(61, 65))}
    write_examples(root, "test", {**good, note: entry})
    message = refusal(root)
    assert message.startswith(f"{root}/nsynth-test/examples.json: 1 entries do not describe a note (their name and")
    assert f"\n  {note[:80]}: family " in message


def test_many_wrong_entries_are_counted(root):
    write_examples(root, "test", {f"x{n}": {} for n in range(100)})
    message = refusal(root)
    assert "100 entries do not describe a note" in message
    assert message.endswith("... and 80 more")
    assert len(message.splitlines()) == 22


def lose(root: Path, part: str, notes: list[str]) -> None:
    for note in notes:
        (root / f"nsynth-{part}" / "audio" / f"{note}.wav").unlink()


def test_notes_without_audio_are_all_counted(root):
    lost = names(["bass"], [6], range(60, 63))
    lose(root, "test", lost)
    lose(root, "valid", names(["reed"], [7], range(40, 41)))
    message = refusal(root, protocol="course")
    assert message.startswith(f"{root}: 4 clips are named in the metadata but have no audio file; unpack the data set")
    assert "dataset.skip_damaged: true" in message
    for note in lost:
        assert f"\n  nsynth-test/audio/{note}.wav" in message
    assert f"\n  nsynth-valid/audio/{names(['reed'], [7], range(40, 41))[0]}.wav" in message


def test_notes_without_audio_can_be_left_out_and_are_counted(root):
    lose(root, "test", names(["bass"], [6], range(60, 63)))
    dataset = read(root, protocol="course", skip_damaged=True)
    assert len(ids(dataset, "test")) == 57
    assert "damaged: 3 clips left out (no audio file)" in cautions(dataset)


def test_notes_without_audio_that_the_options_leave_out_do_not_matter(root):
    lose(root, "test", names(["bass"], [6], range(60, 63)))
    assert read(root, protocol="course", families=("flute", "reed")).classes == ("flute", "reed")


def test_what_is_no_file_is_no_audio(root):
    lost = names(["bass"], [6], range(60, 62))
    lose(root, "test", lost)
    audio = root / "nsynth-test" / "audio"
    (audio / f"{lost[0]}.wav").mkdir()
    (audio / f"{lost[1]}.wav").symlink_to("nowhere")
    assert "2 clips are named in the metadata but have no audio file" in refusal(root, protocol="course")


def test_a_folder_does_not_hide_a_file_of_another_suffix(root):
    (note,) = names(["bass"], [6], range(60, 61))
    lose(root, "test", [note])
    audio = root / "nsynth-test" / "audio"
    (audio / f"{note}.wav").mkdir()
    (audio / f"{note}.flac").touch()
    found = read(root, protocol="course").part("test").set_index("id")["path"]
    assert found[f"nsynth-test/{note}"] == audio / f"{note}.flac"


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_one_class_is_too_few(root, settings):
    message = refusal(root, families=("reed",), **settings)
    protocol = settings["protocol"]
    assert message == f"nsynth, protocol {protocol}: training needs at least two classes, there is only reed"


@pytest.mark.parametrize("options", [{"sources": ("synthetic",)}, {"families": ("vocal", "organ")}])
@pytest.mark.parametrize("settings", [*PROTOCOLS, {"protocol": "cv"}])
@pytest.mark.filterwarnings("error")
def test_options_that_keep_nothing_are_refused(root, settings, options):
    message = refusal(root, **options, **settings)
    assert message.endswith("training needs at least two classes, there is no clip")


@pytest.mark.filterwarnings("error")
def test_official_validation_that_is_not_there_is_not_replaced_by_training_instruments(root):
    write_examples(root, "valid", {})
    assert "no validation clip is left; loosen" in refusal(root, validation="official")


@pytest.mark.filterwarnings("error")
def test_a_data_set_with_nothing_to_test_is_refused(tmp_path):
    two = names(["bass", "reed"], [0, 1], range(40, 60))
    root = write(tmp_path, valid=two, test=names(["flute"], [0], range(40, 45)))
    assert (
        "no test clip is left of a class that trains (bass, reed); it has flute; loosen the data set's options that leave "
        "clips out, or complete" in refusal(root, protocol="course")
    )


def test_a_limit_of_one_leaves_nothing_to_validate(root):
    assert "no validation clip is left; loosen" in refusal(root, protocol="course", limit=1)


# NSynth's own test set: names only


@pytest.fixture(scope="module")
def whole_test(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NSynth's test set in full, and two notes of each of its instruments to train on."""
    notes = gzip.decompress(TEST_NOTES.read_bytes()).decode().split()
    instruments = sorted({note.rsplit("-", 2)[0] for note in notes})
    valid = [f"{instrument}-{pitch:03d}-127" for instrument in instruments for pitch in (1, 2)]
    return write(tmp_path_factory.mktemp("whole"), valid=valid, test=notes)


def test_the_list_of_real_notes_is_whole():
    notes = gzip.decompress(TEST_NOTES.read_bytes()).decode().split()
    assert len(set(notes)) == 4096
    assert notes == sorted(notes)
    assert len({note.rsplit("-", 2)[0] for note in notes}) == 53


def test_the_course_protocol_tests_the_3039_notes_of_the_course_project(whole_test):
    dataset = read(whole_test, protocol="course")
    assert len(dataset.part("test")) == 3039
    assert len(groups(dataset, "test")) == 42
    assert counts(dataset, "test") == {
        "keyboard": 658,
        "guitar": 652,
        "organ": 502,
        "string": 306,
        "brass": 269,
        "reed": 235,
        "mallet": 202,
        "bass": 160,
        "flute": 55,
    }


def test_without_a_filter_all_4096_notes_are_tested(whole_test):
    dataset = read(whole_test, protocol="course", sources=tuple(SOURCES), families=tuple(FAMILIES))
    assert len(dataset.part("test")) == 4096
    assert len(groups(dataset, "test")) == 53
    assert set(dataset.classes) == set(FAMILIES) - {"synth_lead"}


def test_few_instruments_of_the_real_test_set_are_named(whole_test):
    dataset = read(whole_test, protocol="course")
    assert cautions(dataset)[0].startswith(
        "shared-groups: 42 of 42 test instruments (3039 of 3039 clips) are also in train"
    )
    assert cautions(dataset)[1:] == [
        "few-groups: fewer than 10 instruments of bass 3, brass 5, flute 1, guitar 7, keyboard 7, mallet 3, organ 6, "
        "reed 4, string 6, which get no interval of their own"
    ]


@pytest.mark.slow
def test_nsynth_in_full_size_is_read(tmp_path, capsys):
    sizes = {"train": 289_205, "valid": 12_678, "test": 4_096}
    instruments = {"train": range(953), "valid": range(953, 1006), "test": range(953, 1006)}
    first = {"train": 0, "valid": 0, "test": 300}
    for part, size in sizes.items():
        chosen = list(instruments[part])
        notes = []
        for place in range(size):
            number, step = chosen[place % len(chosen)], first[part] + place // len(chosen)
            family, source = FAMILIES[number % 11], SOURCES[number % 3]
            notes.append(f"{family}_{source}_{number:03d}-{9 + step // 5:03d}-{(25, 50, 75, 100, 127)[step % 5]:03d}")
        write(tmp_path, **{part: notes})
    for settings, expected in (
        ({"protocol": "official"}, (289_205, 4_096)),
        ({"protocol": "official", "validation": "official"}, (289_205 + 12_678, 4_096)),
        ({"protocol": "course", "sources": tuple(SOURCES), "families": tuple(FAMILIES)}, (12_678, 4_096)),
    ):
        started = time.perf_counter()
        dataset = read(tmp_path, **settings)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with capsys.disabled():
            print(f"\n{settings}: {len(dataset.table)} notes in {seconds:.1f} s, peak {peak:.0f} MiB")
        found = Counter(dataset.table["split"])
        assert (found["train"] + found["validation"], found["test"]) == expected
        assert dataset.table["id"].is_unique
        assert len(dataset.classes) == 11
        if "validation" not in settings:
            assert 0.09 < found["validation"] / expected[0] < 0.11
