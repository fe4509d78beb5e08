"""From a data set's folder to stored features: what is damaged is left out once, and said once."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from fusion.datasets.data import read_data
from fusion.errors import FusionError
from fusion.extraction.prepare import prepare
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from fusion_features.zero_crossing_rate import ZeroCrossingRate
from tests.support.irmas import make, sound, write

SPEC = "dataset: {name: irmas}\nfeatures:\n  zero_crossing_rate: {}\ntraining: {copies: 1}\n"


@pytest.fixture
def place(tmp_path):
    """Music with a training excerpt too short to be cut, and one whose samples are no numbers."""
    make(tmp_path / "data", recordings=3, songs=2)
    folder = tmp_path / "data" / "IRMAS-TrainingData" / "gel"
    write(folder / "[gel][cla]0801__1.wav", sound("gel", 1, 0.5))
    soundfile.write(folder / "[gel][cla]0802__1.wav", np.full(3 * 22050, np.nan), 22050, subtype="FLOAT")
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def read(place, *assignments):
    experiment = read_experiment(place / "spec.yaml", assignments=assignments)
    workplace = Workplace(place / "data", False, place / "cache", place / "results", 1, Progress(quiet=True))
    return experiment, read_data(experiment.dataset, workplace), workplace


def test_clips_that_cannot_be_cut_are_all_listed_before_anything_is_extracted(place):
    write(place / "data" / "IRMAS-TrainingData" / "gel" / "[gel][cla]0803__1.wav", sound("gel", 3, 0.7))
    with pytest.raises(FusionError, match=r"^2 clips are damaged") as error:
        prepare(*read(place))
    assert re.search(r"0801__1\.wav: too short: 0\.500 s", str(error.value))
    assert re.search(r"0803__1\.wav: too short: 0\.700 s", str(error.value))
    assert not (place / "cache" / "features").exists()


def test_clips_that_extraction_finds_damaged_are_all_listed(place):
    folder = place / "data" / "IRMAS-TrainingData" / "gel"
    (folder / "[gel][cla]0801__1.wav").unlink()
    shutil.copy(folder / "[gel][cla]0802__1.wav", folder / "[gel][cla]0803__1.wav")
    with pytest.raises(FusionError, match=r"^2 clips are damaged") as error:
        prepare(*read(place))
    assert len(re.findall(r"080[23]__1\.wav: NaN or infinity", str(error.value))) == 2


def test_damaged_clips_are_left_out_with_one_warning_and_the_rest_is_whole(place):
    experiment, data, workplace = read(place, "dataset.skip_damaged=true")
    prepared = prepare(experiment, data, workplace)
    dataset = prepared.data.dataset
    notes = [note for note in dataset.notes if note.startswith("damaged:")]
    assert notes == ["damaged: 2 clips left out (NaN or infinity among the samples, too short)"]
    assert set(data.dataset.table["id"]) - set(dataset.table["id"]) == {
        f"IRMAS-TrainingData/gel/[gel][cla]080{n}__1" for n in (1, 2)
    }
    assert prepared.data.fingerprint == data.fingerprint  # of the data as they lie there
    assert 0 < prepared.seconds < 600
    assert set(prepared.clips) == set(range(len(dataset.table)))
    assert (prepared.targets[: len(prepared.clips)] == dataset.targets[prepared.clips]).all()
    (fold,) = dataset.each_fold()
    assert (prepared.parts(fold)["train"].truth == dataset.targets[fold.train]).all()


def test_too_little_left_is_a_message(place):
    for path in (place / "data" / "IRMAS-TrainingData").rglob("*.wav"):
        path.write_bytes(path.name.encode())
    with pytest.raises(FusionError, match="training needs at least two classes, there is no clip"):
        prepare(*read(place, "dataset.skip_damaged=true"))


def test_a_feature_says_of_which_clips_it_has_no_values_before_anything_is_extracted(place, monkeypatch):
    seen = []

    def refuse(feature, ids, paths):
        seen.append((set(ids), set(paths)))
        raise FusionError("3 clips are not in it")

    monkeypatch.setattr(ZeroCrossingRate, "check_clips", refuse)
    experiment, data, workplace = read(place, "dataset.skip_damaged=true")
    with pytest.raises(FusionError, match=r"^feature zero_crossing_rate: 3 clips are not in it$"):
        prepare(experiment, data, workplace)
    table = data.dataset.table
    cut = table[table["id"] != "IRMAS-TrainingData/gel/[gel][cla]0801__1"]  # the other damaged one is not known yet
    assert seen == [(set(cut["id"]), set(cut["path"]))]
    assert not (place / "cache" / "features").exists()
    monkeypatch.setattr(ZeroCrossingRate, "check_clips", lambda feature, ids, paths: {}["x"])
    with pytest.raises(FusionError, match=r"^feature zero_crossing_rate failed on the clips: KeyError: 'x'$"):
        prepare(experiment, data, workplace)


def test_arms_and_seeds_share_the_rows_of_a_fold(place):
    """At NSynth's size they are 20 MB for each feature, and an ablation has hundreds of trainings."""
    experiment, data, workplace = read(place, "dataset.skip_damaged=true", "dataset.protocol=cv", "dataset.folds=3")
    prepared = prepare(experiment, data, workplace)
    (name,) = experiment.features
    folds = prepared.data.dataset.each_fold()
    for fold in [*folds, *folds]:
        first, again = prepared.parts(fold), prepared.only([name]).parts(fold)
        for split, part in first.items():
            assert again[split].rows[name] is part.rows[name]
            assert again[split].targets is part.targets
            rows = np.flatnonzero(np.isin(prepared.clips, fold.clips(split)))
            own = part.rows[name].places[: len(part)]
            np.testing.assert_array_equal(own, prepared.rows[name].places[rows])
            np.testing.assert_array_equal(fold.clips(split)[part.clips], prepared.clips[rows])


def test_weights_of_clips_are_those_of_their_windows_and_copies(place):
    experiment, data, workplace = read(place, "dataset.skip_damaged=true")
    prepared = prepare(experiment, data, workplace)
    assert prepared.parts(prepared.data.dataset.each_fold()[0])["train"].weights is None
    table = data.dataset.table.assign(weight=1.0 + np.arange(len(data.dataset.table)))
    prepared = prepare(experiment, replace(data, dataset=replace(data.dataset, table=table)), workplace)
    weights = prepared.data.dataset.table["weight"].to_numpy()
    (fold,) = prepared.data.dataset.each_fold()
    train = prepared.parts(fold)["train"]
    assert {part.weights for split, part in prepared.parts(fold).items() if split != "train"} == {None}
    assert train.variants == 2
    np.testing.assert_array_equal(train.weights, np.tile(weights[fold.train[train.clips]], 2).astype(np.float32))
    kept = np.arange(len(fold.train)) % 2 == 0
    np.testing.assert_array_equal(train.only(kept).weights, np.tile(weights[fold.train[kept]][: kept.sum()], 2))
