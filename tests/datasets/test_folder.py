import shutil
import unicodedata

import numpy as np
import pytest

from fusion.datasets.cautions import cautions
from fusion.datasets.folder import Folder
from fusion.errors import FusionError
from tests.support.irmas import CLASSES
from tests.support.own_sounds import make, make_given


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "sounds")


@pytest.fixture
def given(tmp_path):
    return make_given(tmp_path / "given")


def read(root, group="parent", **settings):
    return Folder(group=group, **settings).read_corpus(root, lambda paths: [])


def warned(data, word):
    return [note for note in cautions(data) if note.startswith(word)]


def test_holdout_tests_whole_groups_of_every_class(root):
    data = read(root)
    assert data.classes == CLASSES
    parts = [data.part(split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [24, 6, 6]
    groups = [set(part["group"]) for part in parts]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    assert all(set(part["labels"]) == set(CLASSES) for part in parts)
    assert not warned(data, "no-groups:")


def test_the_share_and_the_seed_choose_the_test(root):
    assert len(read(root, test_share=0.5).part("test")) == 18
    chosen = {tuple(read(root, test_seed=seed).part("test")["group"]) for seed in range(5)}
    assert len(chosen) > 1
    assert tuple(read(root, test_seed=1).part("test")["group"]) in chosen


def test_a_class_with_one_group_is_not_tested_and_a_warning_says_so(root):
    for folder in sorted((root / "voi").iterdir())[1:]:
        shutil.rmtree(folder)
    assert any("test has no clip of voi" in note for note in warned(read(root), "missing-class:"))


def test_folds_keep_groups_whole(root):
    data = read(root, protocol="cv", folds=3, repeats=2)
    assert len(data.each_fold()) == 6
    groups = data.table["group"].to_numpy()
    for fold in data.each_fold():
        assert not set(groups[fold.test]) & set(groups[np.r_[fold.train, fold.validation]])


def test_given_splits_are_folders_and_training_groups_validate_where_no_folder_does(given):
    data = read(given, protocol="given")
    assert dict(data.table["split"].value_counts()) == {"train": 30, "test": 12, "validation": 6}
    (given / "train" / "gac" / "gac0").rename(given / "away")
    for label in CLASSES:
        (given / "validation" / label).mkdir(parents=True)
    (given / "away").rename(given / "validation" / "gac" / "gac0")
    data = read(given, protocol="given")
    assert set(data.part("validation")["group"]) == {"gac0"}
    assert any("validation/gel, validation/voi" in note for note in warned(data, "missing-class:"))


def test_groups_on_both_sides_of_given_splits_are_told(given):
    shutil.copytree(given / "train" / "gac" / "gac0", given / "test" / "gac" / "gac0")
    assert (
        "shared-groups: 1 of 7 test groups (2 of 14 clips) are also in train"
        in cautions(read(given, protocol="given"))[0]
    )


@pytest.mark.parametrize(("folder", "protocol", "advice"), [("root", "given", "cv"), ("given", "cv", "given")])
def test_a_protocol_that_does_not_fit_the_folders_names_one_that_does(request, folder, protocol, advice):
    with pytest.raises(FusionError, match=rf"folders train and test(.|\n)*{advice}"):
        read(request.getfixturevalue(folder), protocol=protocol)


def test_without_groups_a_warning_is_loud(root, given):
    data = read(root, group=None)
    assert data.table["group"].nunique() == 36
    assert len(warned(data, "no-groups:")) == 1
    same_names = read(given, group=None, protocol="given")
    assert not warned(same_names, "shared-groups:")


def test_one_clip_in_two_formats_is_one_group(root):
    path = root / "gac" / "gac0" / "0.wav"
    shutil.copy(path, path.with_suffix(".aiff"))
    assert read(root, group=None).table["group"].nunique() == 36


def test_a_regular_expression_names_groups(root):
    data = read(root, group=r"(?P<group>\d)/")
    assert set(data.table["group"]) == set("012345")


def test_files_that_a_regular_expression_finds_no_group_of_are_listed(root):
    with pytest.raises(FusionError, match=r"36 clips are not as(.|\n)*gac/gac0/0\.wav: dataset\.group finds no group"):
        read(root, group=r"take(?P<group>\d)")
    with pytest.raises(FusionError, match="24 clips"):
        read(root, group=r"(?P<group>g[ea]l\d)|gac(?P<other>\d)")


@pytest.mark.parametrize("group", ["(", "gac", r"(\d)", "parents"])
def test_a_group_that_is_no_rule_is_refused(group):
    with pytest.raises(ValueError, match="regular expression"):
        Folder(group=group)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "cv", "test_share": 0.3}, "test_share is for protocol: holdout"),
        ({"folds": 3}, "folds is for protocol: cv"),
        ({"hop": 4.0}, "hop 4 is longer"),
        ({"classes": ("gac", "gac")}, "each once"),
    ],
)
def test_settings_that_make_no_sense_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Folder(**settings)


def test_some_classes_alone(root):
    assert read(root, classes=("voi", "gac")).classes == ("gac", "voi")
    with pytest.raises(
        FusionError, match=r"no clip of vio \(did you mean voi\?\)|no clip of vio.*there: gac, gel, voi"
    ):
        read(root, classes=("vio", "gac"))


def test_two_groups_a_class_are_too_few_to_hold_out_twice_and_it_says_what_to_do(root):
    for path in root.glob("*/*"):
        if path.is_dir() and path.name not in sorted(other.name for other in path.parent.iterdir())[:2]:
            shutil.rmtree(path)
    with pytest.raises(
        FusionError, match=r"no validation clip is left; .* there are 2 of .*; add some, or take protocol: cv"
    ):
        read(root)


def test_one_class_is_too_few(root):
    for label in ("gac", "gel"):
        shutil.rmtree(root / label)
    with pytest.raises(FusionError, match="at least two classes, there is only voi"):
        read(root)


def test_everything_wrong_with_files_is_listed_at_once(root):
    sound = (root / "gac" / "gac0" / "0.wav").read_bytes()
    (root / "a;b" / "x").mkdir(parents=True)
    for name in ("alone.wav", "a;b/x/0.wav", "gel/0.wav"):
        (root / name).write_bytes(sound)
    with pytest.raises(FusionError, match="3 clips") as error:
        read(root)
    for reason in ("alone.wav: in no class", "'a;b' has a semicolon", "gel/0.wav: in no folder below the class'"):
        assert reason in str(error.value)


def test_classes_without_sound_are_told(root):
    (root / "banjo" / "deeper").mkdir(parents=True)
    assert "missing-class: no sound in the folders banjo" in cautions(read(root))


def test_deeper_files_count_for_their_class(root):
    (root / "gac" / "gac0" / "take").mkdir()
    (root / "gac" / "gac0" / "0.wav").rename(root / "gac" / "gac0" / "take" / "0.wav")
    table = read(root).table.set_index("id")
    assert tuple(table.loc["gac/gac0/take/0.wav", ["labels", "group"]]) == ("gac", "gac0")


def test_names_in_another_unicode_form_are_the_same(root):
    (root / "voi").rename(root / unicodedata.normalize("NFC", "flûte"))
    before = read(root).table
    (root / unicodedata.normalize("NFC", "flûte")).rename(root / unicodedata.normalize("NFD", "flûte"))
    assert list(read(root).table["id"]) == list(before["id"])


def test_another_folder_is_a_test(root, given):
    settings = Folder(group="parent")
    assert len(settings.read_split(root, "test", lambda paths: []).table) == 36
    assert len(settings.read_split(given, "test", lambda paths: []).table) == 12
    with pytest.raises(FusionError, match="no train clip"):
        settings.read_split(root, "train", lambda paths: [])
    with pytest.raises(FusionError, match="no validation clip"):
        settings.read_split(given, "validation", lambda paths: [])


def test_a_folder_that_is_not_there_says_how_to_name_one(tmp_path):
    with pytest.raises(FusionError, match="--data DIR"):
        read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FusionError, match="no sound file"):
        read(tmp_path / "empty")


@pytest.mark.parametrize(
    ("train", "test"), [("Train", "TEST"), ("training", "testing"), ("train", "val"), ("train", "validation")]
)
def test_splits_of_other_names_are_no_classes(given, train, test):
    """Two classes called train and val would give a network that tells these apart."""
    (given / "train").rename(given / train)
    (given / "test").rename(given / test)
    with pytest.raises(FusionError, match="splits are given"):
        read(given)
    if test in ("testing", "TEST"):
        data = read(given, protocol="given")
        assert data.classes == CLASSES
        assert len(data.part("test")) == 12
    else:
        with pytest.raises(FusionError, match="test"):
            read(given, protocol="given")


@pytest.mark.parametrize("name", [" flute", "flute "])
def test_a_class_with_a_space_at_an_end_is_named(root, name):
    (root / CLASSES[0]).rename(root / name)
    with pytest.raises(FusionError, match=f"the class '{name}' has a semicolon, or a space at an end"):
        read(root)


def test_a_class_may_have_spaces_within(root):
    (root / CLASSES[0]).rename(root / "bass flute")
    assert "bass flute" in read(root).classes
