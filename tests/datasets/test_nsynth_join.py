"""Notes of several sources in one folder, and folds that leave a whole source out."""

import json
import shutil
from pathlib import Path

import pytest

from fusion.datasets.corpus import fingerprint
from fusion.datasets.data import with_origin
from fusion.datasets.joined import named_sources
from fusion.datasets.nsynth import NSynth
from fusion.datasets.nsynth_join import join_notes
from fusion.datasets.nsynth_notes import PARTS
from fusion.errors import FusionError
from tests.support.command import command
from tests.support.notes import names, write_part


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    root = tmp_path_factory.mktemp("sources")
    write_part(root / "font" / "nsynth-train", names(["bass", "flute"], [0, 1], range(40, 60, 10)))
    write_part(root / "font" / "nsynth-valid", names(["reed", "bass"], [2], range(40, 60, 10)))
    write_part(root / "font" / "nsynth-test", names(["reed", "bass"], [2], range(41, 61, 10)))
    (root / "font" / "LICENSE").write_text("MIT")
    write_part(root / "real" / "nsynth-train", names(["bass", "flute"], [0, 1], range(42, 62, 10)), suffix=".flac")
    return root


@pytest.fixture(scope="module")
def joined(sources, tmp_path_factory):
    out = tmp_path_factory.mktemp("join") / "joined"
    done = command(sources, "data", "join", "font", "real", "--out", out)
    assert done.stdout.splitlines()[-1] == str(out)
    assert "font: train 8 notes of 4 instruments" in done.stdout
    return out


def read(root, **settings):
    return NSynth(protocol="sources", **settings).read_corpus(root, lambda paths: [""] * len(paths))


def refusal(root, **settings):
    with pytest.raises(FusionError) as error:
        read(root, **settings)
    return str(error.value)


def examples(root):
    return {
        note: entry
        for part in ("train", "valid", "test")
        for note, entry in json.loads((root / f"nsynth-{part}" / "examples.json").read_text()).items()
    }


def test_every_note_is_there_with_its_source_and_its_own_name(sources, joined):
    entries = examples(joined)
    assert len(entries) == 8 + 4 + 4 + 8
    assert {entry["source"] for entry in entries.values()} == {"font", "real"}
    for note, entry in entries.items():
        (file,) = joined.glob(f"nsynth-*/audio/{note}.*")
        (own,) = (sources / entry["source"] / file.parts[-3] / "audio").glob(f"{entry['source_note_str']}.*")
        assert file.samefile(own)  # a link, no copy
        assert entry["note_str"] == note
    assert (joined / "sources" / "font" / "LICENSE").read_text() == "MIT"


def test_instruments_of_two_sources_are_never_one(joined):
    entries = examples(joined)
    owners = {}
    for entry in entries.values():
        owners.setdefault(entry["instrument_str"], set()).add((entry["source"], entry["source_note_str"][:-8]))
    assert all(len(own) == 1 for own in owners.values())
    assert len({entry["instrument"] for entry in entries.values()}) == len(owners) == 10
    assert len({note for note, entry in entries.items() if entry["instrument_family_str"] == "reed"}) == 4


def test_the_official_protocol_reads_it_as_any_other(joined):
    dataset = NSynth().read_corpus(joined, lambda paths: [""] * len(paths))
    assert (len(dataset.part("train")) + len(dataset.part("validation")), len(dataset.part("test"))) == (16, 2)


def test_each_source_is_left_out_in_turn(joined):
    dataset = read(joined)
    assert dataset.protocol == "sources"
    assert dataset.classes == ("bass", "flute")  # reed is font's alone
    assert [text for text in dataset.notes if text.startswith("missing-class: 4 clips of reed left out: font alone")]
    assert "sources: each fold leaves out a whole source: 0 font, 1 real" in dataset.notes
    entries = examples(joined)
    for fold, source in zip(dataset.each_fold(), ["font", "real"], strict=True):
        for split, same in (("test", True), ("train", False), ("validation", False)):
            notes = [clip.partition("/")[2] for clip in dataset.table["id"].to_numpy()[fold.clips(split)]]
            assert notes
            assert all((entries[note]["source"] == source) == same for note in notes)


def test_which_source_a_note_is_of_is_part_of_what_is_known_of_the_data(joined, tmp_path):
    joined = Path(shutil.copytree(joined, tmp_path / "own"))

    def known(**settings):
        table = NSynth(**settings).read_corpus(joined, lambda paths: [""] * len(paths)).table
        return fingerprint(table.assign(content=""))

    before = known(protocol="sources"), known()
    entries = {part: json.loads((joined / f"nsynth-{part}" / "examples.json").read_text()) for part in PARTS}
    for part, notes in entries.items():
        for entry in notes.values():
            entry["source"] = {"font": "real", "real": "font"}[entry["source"]]
        (joined / f"nsynth-{part}" / "examples.json").write_text(json.dumps(notes))
    assert known(protocol="sources") != before[0]
    assert known() == before[1]


def test_a_class_that_a_source_lacks_is_told(sources, tmp_path):
    write_part(tmp_path / "third" / "nsynth-train", names(["reed", "bass"], [0, 1], range(40, 60, 10)))
    join_notes(
        {
            name: path
            for name, path in (
                *named_sources([str(sources / "font"), str(sources / "real")]).items(),
                ("third", tmp_path / "third"),
            )
        },
        tmp_path / "out",
    )
    notes = read(tmp_path / "out").notes
    assert "missing-class: real has no clip of reed; these are tested on others alone" in notes
    assert "missing-class: third has no clip of flute; these are tested on others alone" in notes


def test_sources_of_joined_data_stay_apart(joined, sources, tmp_path):
    join_notes({"both": joined, "again": sources / "real"}, tmp_path / "out")
    assert {entry["source"] for entry in examples(tmp_path / "out").values()} == {"both/font", "both/real", "again"}


def test_names_of_instruments_mean_something_in_this_join_alone(joined, sources, tmp_path):
    origins = {with_origin(read(joined).table, "nsynth", root)["origin"].iloc[0] for root in (joined, sources / "font")}
    assert len(origins) == 2


def test_a_source_with_one_class_is_a_message(sources, tmp_path):
    write_part(tmp_path / "one" / "nsynth-train", names(["bass"], [0, 1], range(40, 60, 10)))
    join_notes({"font": sources / "font", "one": tmp_path / "one"}, tmp_path / "out")
    assert "sources have bass in common, and two classes are needed" in refusal(tmp_path / "out")
    write_part(tmp_path / "two" / "nsynth-train", names(["flute"], [0, 1], range(40, 60, 10)))
    join_notes({name: tmp_path / name for name in ("one", "two")} | {"font": sources / "font"}, tmp_path / "three")
    assert "without font there is" not in "".join(read(tmp_path / "three").notes)
    join_notes({"font": sources / "font", "one": tmp_path / "one", "again": tmp_path / "one"}, tmp_path / "bass")
    assert "sources have bass in common" in refusal(tmp_path / "bass")


def test_data_of_one_source_are_a_message(sources):
    assert "the source of 16 of 16 clips is not known; join data" in refusal(sources / "font")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["font"], "nothing to join"),
        (["font", "font"], "another source is called font"),
        (["font", "nowhere"], "no source of notes"),
        (["nowhere", "else"], "nowhere, else: no such folder"),
        (["."], "no source of notes"),
        (["font", ".x=real"], "cannot be a source's name"),
    ],
)
def test_what_cannot_be_joined_is_a_message_and_leaves_nothing(sources, tmp_path, words, said):
    done = command(sources, "data", "join", *words, "--out", tmp_path / "out", code=2)
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_notes_without_audio_and_a_full_folder_are_refused(sources, tmp_path):
    write_part(tmp_path / "a" / "nsynth-train", names(["bass"], [0], range(40, 60, 10)))
    next((tmp_path / "a" / "nsynth-train" / "audio").iterdir()).unlink()
    with pytest.raises(FusionError, match="1 notes have no audio"):
        join_notes({"font": sources / "font", "a": tmp_path / "a"}, tmp_path / "out")
    (tmp_path / "half" / "nsynth-test").mkdir(parents=True)
    with pytest.raises(FusionError, match=r"nsynth-test: half unpacked, examples\.json and audio missing"):
        join_notes({"font": sources / "font", "half": tmp_path / "half"}, tmp_path / "out")
    with pytest.raises(FusionError, match="holds something"):
        join_notes({"font": sources / "font", "real": sources / "real"}, tmp_path / "a")


@pytest.mark.slow
def test_a_source_of_joined_data_is_tested_by_a_network_that_never_heard_it(joined, tmp_path):
    spec = "dataset: {name: nsynth, protocol: sources}\nfeatures: {mfcc: {n_mfcc: 8}}\nseeds: [1]\n"
    spec += "model: {conv_filters: [8], dense_units: [8], embedding: 8}\n"
    spec += "training: {epochs: 2, batch_size: 16, patience: null}\n"
    (tmp_path / "apart.yaml").write_text(spec)
    done = command(tmp_path, "run", "apart.yaml", "--data", joined, "--json")
    metrics = json.loads(done.stdout)
    assert (metrics["protocol"], metrics["clips"]["test"]) == ("sources", 20)
    assert [text for text in metrics["warnings"] if text.startswith("sources:")]
