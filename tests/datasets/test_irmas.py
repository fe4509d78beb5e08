import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.datasets import irmas_training
from fusion.datasets.cautions import cautions
from fusion.datasets.duplicates import find_duplicates
from fusion.datasets.irmas import IRMAS
from fusion.datasets.irmas_training import INSTRUMENTS
from fusion.errors import FusionError
from fusion.runtime.content_hash import content_hashes
from tests.support.irmas import CLASSES, PARTS, make, sound, write


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make(tmp_path_factory.mktemp("irmas"))


@pytest.fixture
def own(tmp_path):
    return make(tmp_path / "irmas", recordings=3, songs=2)


def read(root, cache, **settings):
    return IRMAS(**settings).read_corpus(root, lambda paths: content_hashes(list(paths), cache))


tag = st.sampled_from(["[dru]", "[nod]", "[---]", ""])
genre = st.sampled_from(["cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu"])


@given(st.sampled_from(INSTRUMENTS), tag, genre, st.integers(0, 9999), st.integers(1, 3), st.booleans())
def test_names_of_every_form_are_parsed_by_position(label, drums, genre, recording, part, numbered):
    name = f"{'012__' if numbered else ''}[{label}]{drums}[{genre}]{recording:04d}__{part}"
    match = irmas_training.NAME.fullmatch(name)
    assert (match["label"], match["genre"], int(match["recording"])) == (label, genre, recording)
    assert (match["drums"] or "") == drums.strip("[]")


@pytest.mark.parametrize("name", ["[cel]0001__1", "[cel][cla]001__1", "[cel][cla]0001__4", "cel[cla]0001__1", "x"])
def test_other_names_are_not(name):
    assert not irmas_training.NAME.fullmatch(name)


def test_official_has_recordings_songs_and_several_labels(root, tmp_path):
    data = read(root, tmp_path)
    assert data.classes == CLASSES
    assert data.several
    train, test = data.part("train"), data.part("test")
    assert set(test["labels"]) == {"gac", "gel", "voi", "gac;gel", "gel;voi", "gac;voi"}
    assert test["group"].nunique() == 12
    assert len(test) == 24
    assert len(train) + len(data.part("validation")) == 3 * 6 * 2 + 2
    assert not set(train["group"]) & set(data.part("validation")["group"])


def test_recordings_with_a_file_in_common_are_one_group(root, tmp_path):
    table = read(root, tmp_path).table
    groups = table.set_index("id")["group"]
    joined = [group for clip, group in groups.items() if any(f"]{n}__" in clip for n in ("0000", "0050", "0150"))]
    assert set(joined) == {"recording 0000"}
    found = find_duplicates(table.assign(content=content_hashes(list(table["path"]), tmp_path)))
    assert (found.pairs, found.conflicting, found.across) == (3, 2, 0)


def test_single_takes_clips_of_one_label_and_merges_classes(root, tmp_path):
    data = read(root, tmp_path, protocol="single", classes=("gac", "gel", "voi"), merge={"guitar": ("gac", "gel")})
    assert data.classes == ("guitar", "voi")
    assert dict(data.part("test")["labels"].value_counts()) == {"guitar": 8, "voi": 4}


def test_official_with_fewer_classes_keeps_the_labels_that_are_left(root, tmp_path):
    data = read(root, tmp_path, classes=("gac", "gel"))
    assert set(data.part("test")["labels"]) == {"gac", "gel", "gac;gel"}
    assert any(note.startswith("missing-class: 4 test clips left out") for note in cautions(data))


def test_folds_test_every_excerpt_once_and_keep_recordings_whole(root, tmp_path):
    data = read(root, tmp_path, protocol="cv", folds=3)
    each_fold = data.each_fold()
    assert sorted(np.concatenate([of.test for of in each_fold])) == list(range(len(data.table)))
    groups = data.table["group"].to_numpy()
    for of in each_fold:
        parts = [set(groups[of.clips(split)]) for split in ("train", "validation", "test")]
        assert not parts[0] & parts[2]
        assert not parts[0] & parts[1]
        assert not parts[1] & parts[2]
    assert not any(note.startswith("shared-groups:") for note in cautions(data))


def test_folds_of_clips_say_what_leaks(root, tmp_path):
    data = read(root, tmp_path, protocol="cv", folds=3, grouped=False)
    assert any(note.startswith("shared-groups:") for note in cautions(data))


def test_folds_of_no_clip_are_a_message(root, tmp_path):
    with pytest.raises(FusionError, match="training needs at least two classes, there is no clip"):
        read(root, tmp_path, protocol="cv", classes=("pia", "org"))


def test_more_folds_than_recordings_is_a_message(root, tmp_path):
    with pytest.raises(FusionError, match=r"dataset\.folds: 50 folds"):
        read(root, tmp_path, protocol="cv", folds=50)


def test_names_in_another_unicode_form_are_the_same(own, tmp_path):
    before = list(read(own, tmp_path).table["id"])
    for path in list(own.rglob("*Émile*")):
        path.rename(path.with_name(unicodedata.normalize("NFD", path.name)))
    assert list(read(own, tmp_path).table["id"]) == before


def test_suffixes_are_read_in_any_case_and_hidden_files_never(own, tmp_path):
    before = list(read(own, tmp_path).table["id"])
    for path in [next(own.glob("IRMAS-TrainingData/voi/*.wav")), next(own.glob("IRMAS-TestingData-Part1/*/*.wav"))]:
        path.with_name(f"._{path.name}").write_bytes(b"as macOS writes beside a copy")
        path.rename(path.with_suffix(".WAV"))
    text = next(own.glob("IRMAS-TestingData-Part2/*/*.txt"))
    text.rename(text.with_suffix(".TXT"))
    assert list(read(own, tmp_path).table["id"]) == before


def test_a_missing_part_is_noted(own, tmp_path):
    for path in (own / PARTS[2]).iterdir():
        path.unlink()
    (own / PARTS[2]).rmdir()
    (own / PARTS[2]).parent.rmdir()
    assert any("IRMAS-TestingData-Part3 not there" in note for note in cautions(read(own, tmp_path)))


def test_a_part_unpacked_twice_is_refused(own, tmp_path):
    song = next((own / PARTS[0]).glob("*.wav"))
    (own / "IRMAS-TestingData-Part1" / "again").mkdir()
    (own / "IRMAS-TestingData-Part1" / "again" / song.name).write_bytes(song.read_bytes())
    with pytest.raises(FusionError, match=r"there twice(.|\n)*again"):
        read(own, tmp_path)


def test_everything_wrong_with_testing_files_is_listed_at_once(own, tmp_path):
    texts = sorted(own.glob("IRMAS-TestingData-Part*/*/*.txt"))
    texts[0].write_text("")
    texts[1].write_text("gac\t\nbanjo\t\n")
    texts[2].unlink()
    texts[3].with_suffix(".wav").unlink()
    with pytest.raises(FusionError) as error:
        read(own, tmp_path)
    for reason in ("empty, should have", "unknown label 'banjo'", "has no label file", "has no sound file"):
        assert reason in str(error.value)


def test_clips_without_their_other_file_can_be_left_out(own, tmp_path):
    texts = sorted(own.glob("IRMAS-TestingData-Part*/*/*.txt"))
    texts[0].unlink()
    texts[1].with_suffix(".wav").unlink()
    data = read(own, tmp_path, skip_damaged=True)
    assert len(data.part("test")) == 10
    assert any(note.startswith("damaged: 2 clips") for note in cautions(data))


@pytest.mark.parametrize("text", ["gac\r\nvoi\r\n", " gac \t\n\nvoi", "\ufeffvoi\t\ngac\t\n"])
def test_label_files_of_other_editors_are_read(own, tmp_path, text):
    path = next(own.glob("IRMAS-TestingData-Part1/*/*.txt"))
    path.write_text(text)
    table = read(own, tmp_path).table
    assert list(table[table["id"].str.endswith(path.stem)]["labels"]) == ["gac;voi"]


def test_names_that_do_not_parse_are_listed_at_once(own, tmp_path):
    folder = own / "IRMAS-TrainingData"
    for name in ("voi/nonsense.wav", "voi/[gac][pop_roc]0400__1.wav", "[voi][pop_roc]0401__1.wav"):
        write(folder / name, sound("voi", 1))
    with pytest.raises(FusionError, match=r"3 names do not parse") as error:
        read(own, tmp_path)
    assert all(name in str(error.value) for name in ("nonsense", "0400", "0401"))


@pytest.mark.parametrize(
    ("name", "message"), [("IRMAS-TrainingData", "training data are not there"), ("", "testing data")]
)
def test_missing_data_say_how_to_get_them(own, tmp_path, name, message):
    for folder in [own / name] if name else own.glob("IRMAS-Testing*"):
        folder.rename(own / f"away-{folder.name}")
    with pytest.raises(FusionError, match=rf"{message}(.|\n)*fusion data get irmas"):
        read(own, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0.3, "protocol": "single"}, "threshold is for protocol: official"),
        ({"folds": 3}, "folds is for protocol: cv"),
        ({"hop": 4.0}, "hop 4 is longer than window 3"),
        ({"merge": {"guitar": ("gac",)}}, "at least two instruments"),
        ({"merge": {"guitar": ("gac", "gel")}, "classes": ("gac", "voi")}, "merge names gel"),
        ({"threshold": 1.5}, "between 0 and 1"),
    ],
)
def test_settings_that_make_no_sense_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        IRMAS(**settings)


def split_alone(root, cache, split, **settings):
    return IRMAS(**settings).read_split(root, split, lambda paths: content_hashes(list(paths), cache))


def test_one_split_alone_is_a_test(root, tmp_path):
    test = split_alone(root, tmp_path, "test")
    assert (len(test.table), test.group_noun, test.several) == (24, "songs", True)
    train = split_alone(root, tmp_path, "train", classes=("gac", "voi"))
    assert (len(train.table), train.group_noun) == (2 * 12 + 1, "recordings")
    assert (train.classes, test.classes) == (("gac", "voi"), CLASSES)
    assert set(train.table["split"]) == set(test.table["split"]) == {"test"}
    assert list(train.table.index) == list(range(len(train.table)))


@pytest.mark.parametrize(("split", "protocol"), [("validation", "official"), ("test", "cv"), ("validation", "cv")])
def test_a_split_that_a_protocol_does_not_have_is_refused(root, tmp_path, split, protocol):
    with pytest.raises(FusionError, match=f"protocol {protocol}, has no {split} split of its own"):
        split_alone(root, tmp_path, split, protocol=protocol)


def test_whole_data_have_no_notes_and_clips_are_named_by_their_folders(root, tmp_path):
    data = read(root, tmp_path)
    assert data.notes == []
    assert {clip.split("/")[0] for clip in data.part("test")["id"]} == {part.split("/")[0] for part in PARTS}
    assert {clip.split("/")[0] for clip in data.part("train")["id"]} == {"IRMAS-TrainingData"}
    assert data.part("validation")["group"].nunique() == 3  # one recording a class


def moved_behind_a_link(folder, elsewhere):
    folder.rename(elsewhere / folder.name)
    folder.symlink_to(elsewhere / folder.name, target_is_directory=True)


def test_links_to_folders_count_as_the_folders_do(own, tmp_path):
    before = list(read(own, tmp_path).table["id"])
    away = tmp_path / "another disk"
    away.mkdir()
    for folder in (own / "IRMAS-TrainingData" / "gac", own / PARTS[0], (own / PARTS[1]).parent):
        moved_behind_a_link(folder, away)
    assert list(read(own, tmp_path).table["id"]) == before


@pytest.mark.parametrize("folder", ["IRMAS-TrainingData/gac", PARTS[1]])
def test_a_link_in_a_circle_is_a_message(own, tmp_path, folder):
    (own / folder / "again").symlink_to(own, target_is_directory=True)
    with pytest.raises(FusionError, match=r"again: a link in a circle"):
        read(own, tmp_path)


@pytest.mark.parametrize("broken", [True, False])
@pytest.mark.parametrize("folder", ["IRMAS-TrainingData/gac", PARTS[1], "IRMAS-TestingData-Part2"])
def test_a_class_or_part_without_sound_is_not_passed_over(own, tmp_path, folder, broken):
    (own / folder).rename(tmp_path / "away")
    if broken:
        (own / folder).symlink_to(tmp_path / "nowhere", target_is_directory=True)
    else:
        (own / folder).mkdir()
    with pytest.raises(FusionError, match=r"no sound file in (gac|IRMAS-TestingData-Part2), as if a link were broken"):
        read(own, tmp_path)
