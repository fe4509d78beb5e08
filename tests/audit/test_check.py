"""The audit finds every kind of leak and damage that was planted, and none in clean data."""

import json
import os
import re
import shutil
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile

from fusion.api import data as api
from fusion.errors import FusionError
from tests.support import irmas
from tests.support.command import command
from tests.support.notes import SR, example, names, tone, write_part

FAMILIES = ["bass", "flute", "reed"]
KINDS = (
    *("damaged", "identical", "near_identical", "silent", "clipped", "over_full_scale", "cancelling", "off_centre"),
    *("truncated", "wrong_rate", "one_waveform", "noise", "estimated", "links"),
)
NOTES = "dataset: {name: nsynth, protocol: official}\nfeatures:\n  zero_crossing_rate: {}\n"
MUSIC = "dataset: {name: irmas}\nfeatures:\n  zero_crossing_rate: {}\n"


def spectral(family, pitch, salt=0):
    """Return a note that differs from every other: overtones and noise of chance, held in time."""
    random = np.random.default_rng([FAMILIES.index(family), pitch, salt])
    return (tone(family, pitch, 100) + random.normal(0, 0.02, 4 * SR)).astype(np.float32)


@pytest.fixture
def notes(tmp_path):
    """A clean data set of three families, and its experiment."""
    root = tmp_path / "data"
    write_part(root / "nsynth-train", names(FAMILIES, [0, 1, 2], range(40, 60, 5)))
    write_part(root / "nsynth-valid", names(FAMILIES, [3], range(40, 60, 5)))
    write_part(root / "nsynth-test", names(FAMILIES, [3], range(42, 62, 5)))
    for path in root.rglob("*.wav"):  # every instrument its own sound
        family, _, number, pitch = path.stem.replace("-", "_").split("_")[:4]
        soundfile.write(path, spectral(family, int(pitch), int(number)), SR)
    (tmp_path / "notes.yaml").write_text(NOTES)
    return root


def check(place, fusion, *words, code=0, name="notes.yaml"):
    got, out, err = fusion("data", "check", place.parent / name, "--data", place, "--jobs", 1, "--json", *words)
    assert got == code, err
    return json.loads(out), err


def add(root, note, y, sr=SR, **options):
    """Write a note more in a part, given as nsynth-<part>/<note>."""
    part, name = note.split("/")
    path = root / part / "audio" / f"{name}{options.pop('suffix', '.wav')}"
    soundfile.write(path, y, sr, **options)
    listed = root / part / "examples.json"
    listed.write_text(json.dumps(json.loads(listed.read_text()) | {name: example(name)}))
    return path


def test_clean_notes_have_no_finding(notes, fusion):
    report, _ = check(notes, fusion)
    assert {kind: len(report["findings"][kind]) for kind in KINDS} == dict.fromkeys(KINDS, 0)
    assert report["duplicates"] == {
        "pairs": 0, "conflicting": 0, "velocity_twins": 0, "repeats": 0,
        "near_identical": 0, "near_conflicting": 0, "near_of_one_group": 0,
    }  # fmt: skip
    assert report["usable"] is True
    assert not [text for text in report["warnings"] if text.startswith(("duplicates:", "damaged:"))]
    assert report["clips"]["test"] == 12
    assert report["balance"] == {"train": 1.0, "validation": 1.0, "test": 1.0}
    assert report["audio"]["rates"] == {"16000": 24 + 12 + 12}
    assert report["audio"]["seconds"] == {"min": 4.0, "median": 4.0, "max": 4.0}
    assert sum(report["levels"]["test"].values()) == 12


def one(report, kind):
    (found,) = report["findings"][kind]
    return found


def test_a_byte_identical_note_of_another_family(notes, fusion):
    source = notes / "nsynth-test" / "audio" / "bass_acoustic_003-042-025.wav"
    add(notes, "nsynth-train/reed_acoustic_007-050-100", np.zeros(9))
    shutil.copy(source, notes / "nsynth-train" / "audio" / "reed_acoustic_007-050-100.wav")
    report, _ = check(notes, fusion)
    found = one(report, "identical")
    assert found["clips"] == ["nsynth-train/reed_acoustic_007-050-100", "nsynth-test/bass_acoustic_003-042-025"]
    assert found["conflicting"] is True
    assert (report["duplicates"]["pairs"], report["duplicates"]["conflicting"]) == (1, 1)
    assert report["findings"]["near_identical"] == []  # is no other pair


@pytest.mark.parametrize(
    "options",
    [
        {"suffix": ".ogg", "format": "OGG", "subtype": "VORBIS", "compression_level": 0.5},
        {"suffix": ".flac"},
        {"suffix": ".wav", "subtype": "PCM_24"},
    ],
    ids=["encoded", "lossless", "24 bit"],
)
def test_a_softer_copy_in_another_split(notes, fusion, options):
    y = spectral("flute", 42, 3)  # nsynth-test/flute_acoustic_003-042-025
    add(notes, "nsynth-train/flute_acoustic_009-042-025", y * 0.3, **options)
    report, _ = check(notes, fusion)
    found = one(report, "near_identical")
    assert found["clips"] == ["nsynth-train/flute_acoustic_009-042-025", "nsynth-test/flute_acoustic_003-042-025"]
    assert found["similarity"] > 0.98
    assert (found["conflicting"], found["one_group"]) == (False, False)
    assert report["duplicates"]["near_identical"] == 1
    assert report["duplicates"]["pairs"] == 0
    assert [text for text in report["warnings"] if "1 pairs of near-identical clips in different splits" in text]


def test_byte_identical_clips_are_each_a_pair_with_a_softer_copy(notes, fusion):
    y = spectral("flute", 42, 3)  # nsynth-test/flute_acoustic_003-042-025
    first = add(notes, "nsynth-train/flute_acoustic_009-042-025", y * 0.3)
    again = add(notes, "nsynth-train/flute_acoustic_010-042-025", y)
    shutil.copy(first, again)
    report, _ = check(notes, fusion)
    clips = [found["clips"][0] for found in report["findings"]["near_identical"]]
    assert clips == ["nsynth-train/flute_acoustic_009-042-025", "nsynth-train/flute_acoustic_010-042-025"]


def test_a_copy_within_one_split_is_no_leak(notes, fusion):
    add(notes, "nsynth-test/flute_acoustic_008-042-025", spectral("flute", 42, 3) * 0.3)
    report, _ = check(notes, fusion)
    assert report["findings"]["near_identical"] == []


def test_velocity_twins_are_counted_apart(notes, fusion):
    y = spectral("reed", 40, 3)  # nsynth-valid/reed_acoustic_003-040-025
    add(notes, "nsynth-test/reed_acoustic_003-040-127", y * 0.5, subtype="PCM_24")
    report, _ = check(notes, fusion, "--set", "dataset.protocol=course")
    assert report["duplicates"]["velocity_twins"] == 1
    assert report["findings"]["near_identical"] == []
    assert [text for text in report["warnings"] if "1 of 1 velocity twins" in text]


def test_silent_clipped_and_other_rates(notes, fusion):
    add(notes, "nsynth-train/bass_acoustic_000-070-100", spectral("bass", 70) * 1e-4, subtype="PCM_24")
    add(notes, "nsynth-train/bass_acoustic_000-071-100", np.clip(40 * tone("bass", 71, 100), -1, 1))
    time = np.arange(4 * 44100) / 44100
    add(notes, "nsynth-test/reed_acoustic_003-072-100", 0.3 * np.sin(2e3 * time**1.5), 44100)
    report, _ = check(notes, fusion)
    assert one(report, "silent")["clip"] == "nsynth-train/bass_acoustic_000-070-100"
    assert one(report, "clipped")["clip"] == "nsynth-train/bass_acoustic_000-071-100"
    assert one(report, "wrong_rate") == {"clip": "nsynth-test/reed_acoustic_003-072-100", "rate": 44100}
    assert report["usable"]
    said = [text for text in report["warnings"] if text.startswith("damaged:")]
    assert [any(word in text for text in said) for word in ("-60 dB", "clipped", "44100 Hz")] == [True] * 3
    assert {kind for kind in KINDS if report["findings"][kind]} == {"silent", "clipped", "wrong_rate"}


def test_one_wave_under_many_names_noise_and_links(notes, fusion):
    wave = spectral("reed", 80, 9)
    for number in range(7):
        add(notes, f"nsynth-train/reed_acoustic_000-{80 + number:03d}-100", wave * np.float32(1 - number / 10))
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * SR)
    add(notes, "nsynth-train/bass_acoustic_000-080-100", noise.astype(np.float32))
    linked = next((notes / "nsynth-test" / "audio").glob("flute*"))
    linked.rename(notes.parent / "elsewhere.wav")
    linked.symlink_to(notes.parent / "elsewhere.wav")
    report, _ = check(notes, fusion)
    (found,) = report["findings"]["one_waveform"]
    assert (len(found["clips"]), found["group"]) == (7, "reed_acoustic_000")
    assert one(report, "noise")["clip"] == "nsynth-train/bass_acoustic_000-080-100"
    assert one(report, "links") == {"clip": f"nsynth-test/{linked.stem}", "to": str(notes.parent / "elsewhere.wav")}
    said = [text for text in report["warnings"] if text.startswith("damaged:")]
    assert any("7 clips of reed_acoustic_000 are one wave under different names" in text for text in said)
    assert any(re.match(r"noise-like: 1 of \d+ clips have no clear pitch", text) for text in report["warnings"])


def test_channels_that_cancel_and_samples_on_another_scale(notes, fusion):
    y = spectral("bass", 70)
    add(notes, "nsynth-train/bass_acoustic_000-070-100", np.stack([y, -0.9 * y], axis=1))
    add(notes, "nsynth-train/bass_acoustic_000-071-100", 32767 * spectral("bass", 71), subtype="FLOAT")
    add(notes, "nsynth-train/bass_acoustic_000-072-100", 0.2 + 0.1 * spectral("bass", 72))
    report, _ = check(notes, fusion)
    assert one(report, "cancelling") == {
        "clip": "nsynth-train/bass_acoustic_000-070-100",
        "below": pytest.approx(25.6, abs=0.1),
    }
    assert one(report, "over_full_scale")["clip"] == "nsynth-train/bass_acoustic_000-071-100"
    assert one(report, "off_centre")["clip"] == "nsynth-train/bass_acoustic_000-072-100"
    said = [text for text in report["warnings"] if text.startswith("damaged:")]
    assert [any(word in text for text in said) for word in ("cancel", "full scale, as", "centred")] == [True] * 3
    add(notes, "nsynth-train/bass_acoustic_000-073-100", np.stack([y, -y], axis=1))
    report, _ = check(notes, fusion, code=2)
    assert "channels cancel each other" in one(report, "damaged")["why"]
    assert not report["usable"]


def test_a_lost_end_that_leaves_enough(notes, fusion):
    path = add(notes, "nsynth-train/bass_acoustic_000-073-100", np.tile(spectral("bass", 73), 2))
    path.write_bytes(path.read_bytes()[: 44 + 2 * 5 * SR])
    report, _ = check(notes, fusion)
    assert one(report, "truncated")["clip"] == "nsynth-train/bass_acoustic_000-073-100"
    assert report["usable"]


def test_what_cannot_be_used_is_exit_code_2(notes, fusion):
    add(notes, "nsynth-train/bass_acoustic_000-074-100", spectral("bass", 74)[: 2 * SR])
    broken = add(notes, "nsynth-train/bass_acoustic_000-075-100", spectral("bass", 75))
    broken.write_bytes(b"no sound")
    report, err = check(notes, fusion, code=2)
    why = {entry["clip"]: entry["why"] for entry in report["findings"]["damaged"]}
    assert why["nsynth-train/bass_acoustic_000-074-100"].startswith("too short: 2.000 s")
    assert why["nsynth-train/bass_acoustic_000-075-100"].startswith("cannot be decoded")
    assert report["usable"] is False
    assert "2 clips are damaged" in err
    assert "skip_damaged" in err
    assert "Traceback" not in err
    report, _ = check(notes, fusion, "--set", "dataset.skip_damaged=true")
    assert report["usable"]
    assert [text for text in report["warnings"] if text.startswith("damaged: 2 clips left out")]
    assert report["clips"]["train"] == 24


def test_missing_class_and_unequal_classes(notes, fusion):
    for path in (notes / "nsynth-test" / "audio").glob("reed*"):
        path.unlink()
    listed = notes / "nsynth-test" / "examples.json"
    kept = {name: entry for name, entry in json.loads(listed.read_text()).items() if not name.startswith("reed")}
    listed.write_text(json.dumps(kept))
    for pitch in range(80, 88):
        add(notes, f"nsynth-train/bass_acoustic_000-{pitch:03d}-100", spectral("bass", pitch))
    report, _ = check(notes, fusion)
    assert "missing-class: test has no clip of reed" in report["warnings"]
    assert report["balance"]["train"] == 2.0  # 16 to 8


def test_metadata_without_audio_cannot_run(notes, fusion):
    (notes / "nsynth-test" / "audio" / "reed_acoustic_003-042-025.wav").unlink()
    code, _, err = fusion("data", "check", notes.parent / "notes.yaml", "--data", notes)
    assert code == 2
    assert "reed_acoustic_003-042-025.wav" in err


def test_the_page_and_its_json(notes, fusion):
    add(notes, "nsynth-train/flute_acoustic_009-042-025", spectral("flute", 42, 3) * 0.3)
    code, out, err = fusion("data", "check", notes.parent / "notes.yaml", "--data", notes, "--results", "out")
    assert code == 0, err
    folder = notes.parent / out.splitlines()[-1]
    assert folder.parent.name == "notes"
    report = json.loads((folder / "check.json").read_text())
    assert {"dataset", "protocol", "clips", "groups", "classes", "duplicates", "warnings"} <= report.keys()
    page = (folder / "check.html").read_text()
    assert "flute_acoustic_009-042-025" in page
    assert "Near-identical in different splits or folds: 1" in page
    assert "An experiment can run on these data." in page
    assert (folder / "check.png").read_bytes().startswith(b"\x89PNG")
    assert not re.search(r'(?:src|href)="(?!data:|#|https://fusion-mir)', page)  # self-contained
    again, *_ = fusion("data", "check", notes.parent / "notes.yaml", "--data", notes, "--results", "out")
    assert again == 0
    assert json.loads((folder / "check.json").read_text()) == report


def test_many_findings_are_all_in_the_json(notes, fusion):
    for pitch in range(60, 90):
        add(notes, f"nsynth-train/bass_acoustic_000-{pitch:03d}-100", np.zeros(4 * SR))
    code, out, _ = fusion("data", "check", notes.parent / "notes.yaml", "--data", notes)
    folder = notes.parent / out.splitlines()[-1]
    assert code == 0
    assert len(json.loads((folder / "check.json").read_text())["findings"]["silent"]) == 30
    assert "The first 20; check.json has all." in (folder / "check.html").read_text()
    # silence is the same bytes, too, but like no other sound
    assert json.loads((folder / "check.json").read_text())["findings"]["near_identical"] == []


def test_a_quick_check_has_no_page(notes, tmp_path):
    folder = tmp_path / "results"
    audit = api.check(notes.parent / "notes.yaml", data=notes, quick=True, results=folder)
    with pytest.raises(FusionError, match="this check was quick, and a page needs what the sound is like"):
        audit.write()
    assert not folder.exists()


def test_quick_decodes_nothing(notes, fusion):
    for path in notes.rglob("*.wav"):
        path.write_bytes(path.stem.encode())
    report, _ = check(notes, fusion, "--quick")
    assert report["clips"] == {"train": 24, "validation": 12, "test": 12}
    assert "findings" not in report
    assert not (notes.parent / "results").exists()


def test_a_second_audit_reads_no_sound(notes, fusion):
    add(notes, "nsynth-train/flute_acoustic_009-042-025", spectral("flute", 42, 3) * 0.3)
    first, _ = check(notes, fusion)
    assert len(first["findings"]["near_identical"]) == 1
    with (
        mock.patch("fusion.extraction.extract.run") as read,
        mock.patch("fusion.runtime.memory.run", return_value=nullcontext([])) as looked,
    ):
        again, _ = check(notes, fusion)
    assert again == first
    assert not read.called
    assert looked.call_args.args[0] == []


@pytest.fixture
def music(tmp_path):
    """A data set in IRMAS's layout with three byte-identical files, and its experiment."""
    root = irmas.make(tmp_path / "data")
    random = np.random.default_rng(5)
    for path in sorted(root.rglob("*.wav")):  # tones of one class are too much alike to be told apart
        y, sr = soundfile.read(path)
        if "0050__1" in path.name or "0150__1" in path.name:
            continue
        soundfile.write(path, y + random.normal(0, 0.1, y.shape), sr)
    first = root / "IRMAS-TrainingData" / "gac" / "000__[gac][dru][pop_roc]0000__1.wav"
    shutil.copy(first, root / "IRMAS-TrainingData" / "gac" / "[gac][nod][lat_sou]0050__1.wav")
    shutil.copy(first, root / "IRMAS-TrainingData" / "gel" / "[gel][cou_fol]0150__1.wav")
    (tmp_path / "music.yaml").write_text(MUSIC)
    return root


def test_music_has_what_was_planted(music, fusion):
    report, _ = check(music, fusion, name="music.yaml")
    assert report["duplicates"]["pairs"] == 3
    assert report["duplicates"]["conflicting"] == 2
    assert len(one(report, "identical")["clips"]) == 3
    assert report["findings"]["near_identical"] == []
    assert len(report["findings"]["wrong_rate"]) == report["clips"]["train"] + report["clips"]["validation"] + 24
    assert report["audio"]["channels"] == {"2": len(report["findings"]["wrong_rate"])}


def test_an_excerpt_of_a_test_clip_in_training(music, fusion):
    clip = sorted(music.glob("IRMAS-TestingData-Part1/*/*.wav"))[0]
    y, sr = soundfile.read(clip)
    excerpt = y[round(0.9 * sr) : round(3.9 * sr)].mean(axis=1) * 0.5  # mono, softer, encoded
    path = music / "IRMAS-TrainingData" / "voi" / "[voi][jaz_blu]0999__1.ogg"
    soundfile.write(path, excerpt, sr, format="OGG", subtype="VORBIS", compression_level=0.3)
    report, _ = check(music, fusion, name="music.yaml")
    found = one(report, "near_identical")
    assert found["clips"][0].endswith("[voi][jaz_blu]0999__1")
    assert found["clips"][1].endswith(clip.stem)
    assert found["offset"] == pytest.approx(0.9, abs=0.005)  # later in the test clip
    assert [text for text in report["warnings"] if "near-identical" in text]


def test_copies_in_two_folds(music, fusion):
    source = music / "IRMAS-TrainingData" / "gel"
    for number, path in enumerate(sorted(source.glob("*__2.wav"))):
        y, sr = soundfile.read(path)
        soundfile.write(source / f"[gel][cla]{900 + number:04d}__1.flac", y * 0.4, sr)
    report, _ = check(music, fusion, "--set", "dataset.protocol=cv", "--set", "dataset.folds=2", name="music.yaml")
    pairs = report["findings"]["near_identical"]
    assert 0 < len(pairs) <= 6  # those of the six that fell into two folds
    assert all("__1" in pair["clips"][0] or "__2" in pair["clips"][0] for pair in pairs)
    assert [text for text in report["warnings"] if "in different folds" in text]


@pytest.mark.parametrize("lost", [".wav", ".txt"])
def test_labels_without_audio_and_the_reverse(music, fusion, lost):
    next(music.glob(f"IRMAS-TestingData-Part2/*/*{lost}")).unlink()
    words = ("data", "check", music.parent / "music.yaml", "--data", music)
    code, _, err = fusion(*words)
    assert code == 2
    assert "has no sound file" in err if lost == ".wav" else "has no label file" in err
    code, out, err = fusion(*words, "--set", "dataset.skip_damaged=true", "--json")
    assert code == 0, err
    assert [text for text in json.loads(out)["warnings"] if text.startswith("damaged: 1 clips left out")]


def test_a_run_has_the_cheap_part(place, result):
    metrics = json.loads((result / "metrics.json").read_text())
    assert {"clips", "groups", "duplicates", "warnings"} <= metrics.keys()
    assert metrics["class_clips"]["test"] == {"bass": 8, "flute": 8, "reed": 8}
    assert metrics["class_groups"]["test"] == {"bass": 1, "flute": 1, "reed": 1}
    assert metrics["shared_groups"] == {"train": 3, "validation": 3}
    assert metrics["duplicates"]["velocity_twins"] is not None
    assert [text for text in metrics["warnings"] if text.startswith("shared-groups:")]


@pytest.mark.parametrize(("name", "pairs"), [("nsynth_fusion", 0), ("irmas_fusion", 2)])
def test_the_samples_have_what_was_planted(tmp_path, name, pairs):
    file = Path(__file__).parents[2] / "experiments" / f"{name}.yaml"
    report = json.loads(command(tmp_path, "data", "check", file, "--sample", "--json", "--jobs", 2).stdout)
    assert report["duplicates"]["pairs"] == pairs
    assert report["duplicates"]["conflicting"] == pairs // 2
    empty = set(KINDS) - ({"identical"} if pairs else set())
    assert {kind: len(report["findings"][kind]) for kind in empty} == dict.fromkeys(empty, 0)


def test_identical_files_in_two_folds_are_leaks_where_folds_divide(music, fusion):
    source = music / "IRMAS-TrainingData" / "voi"
    for number, path in enumerate(sorted(source.glob("*__2.wav"))):
        shutil.copy(path, source / f"[voi][cla]{900 + number:04d}__1.wav")
    words = ("--set", "dataset.protocol=cv", "--set", "dataset.folds=3", "--set")
    report, _ = check(music, fusion, *words, "dataset.grouped=false", name="music.yaml")
    (text,) = [text for text in report["warnings"] if "byte-identical" in text]
    across = int(text.split("labels, ")[1].split(" in different folds")[0])
    crossing = [len(found["in"]) > 1 for found in report["findings"]["identical"]]
    assert across >= sum(crossing) > 0
    grouped, _ = check(music, fusion, *words, "dataset.grouped=true", name="music.yaml")
    assert [text for text in grouped["warnings"] if "labels, 0 in different folds" in text]


def test_too_little_is_left_without_what_is_damaged(notes, fusion):
    for path in (notes / "nsynth-test" / "audio").iterdir():
        path.write_bytes(b"no sound")
    report, err = check(notes, fusion, "--set", "dataset.skip_damaged=true", code=2)
    assert report["usable"] is False
    assert "without 12 damaged clips" in report["why"]
    assert "no test clip is left" in report["why"]
    assert "nsynth-test/reed_acoustic_003-042-025" in err
    assert len(report["findings"]["damaged"]) == 12


def test_folds_that_leave_nothing_to_validate_are_refused(tmp_path, fusion):
    root = irmas.make(tmp_path / "data", recordings=1, songs=1)
    (tmp_path / "music.yaml").write_text(MUSIC)
    for name in ("0050__1", "0150__1"):
        next(root.rglob(f"*{name}.wav")).unlink()
    for label in ("gac", "gel", "voi"):  # a second recording of each class
        (path,) = root.glob(f"IRMAS-TrainingData/{label}/*__1.wav")
        y, sr = soundfile.read(path)
        soundfile.write(path.with_name(f"[{label}][cla]0777__1.wav"), y[::-1], sr)
    for name in ("run", "data check"):
        words = (*name.split(), "music.yaml", "--data", root, "--set", "dataset.protocol=cv")
        code, _, err = fusion(*words, "--set", "dataset.folds=2")
        assert code == 2, err
        assert "has no validation clip; take another number of folds" in err


def test_a_name_that_is_not_utf8_is_refused(music, fusion):
    part = os.fsencode(music / "IRMAS-TestingData-Part1" / "Part1")
    for suffix in (b".wav", b".txt"):
        Path(os.fsdecode(part + b"/99 - caf\xe9-1" + suffix)).write_bytes(b"voi\t\n")
    code, _, err = fusion("data", "check", "music.yaml", "--data", music, "--quick")
    assert code == 2
    assert "is not UTF-8" in err


def test_an_implausible_level_is_damage(notes, fusion):
    y = spectral("bass", 50)
    y[100] = 3e38
    add(notes, "nsynth-train/bass_acoustic_000-076-100", y, subtype="FLOAT")
    report, err = check(notes, fusion, code=2)
    assert one(report, "damaged")["why"].startswith("implausible level")
    assert "Traceback" not in err


def test_json_is_there_even_where_the_page_cannot_be_written(notes, fusion, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "notes").write_text("")  # where the page's folder would be
    report, err = check(notes, fusion, "--results", "results", code=2)
    assert report["usable"]
    assert "cannot be written" in err
