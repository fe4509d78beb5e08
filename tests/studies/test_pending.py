"""What a result trains on: where nothing is chosen by validation clips, the network and the references have them, too."""

import numpy as np
import pytest

from fusion.datasets.data import read_data
from fusion.extraction.prepare import prepare
from fusion.learning.jobs import TrainingJob
from fusion.result.folder import ResultFolder
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from fusion.studies.experiment import trainable
from fusion.studies.pending import to_train
from tests.support.irmas import make

PLAIN = "dataset: {name: DATA}\nfeatures: {zero_crossing_rate: {}}\nseeds: [1]\n"
CV = "dataset.protocol=cv", "dataset.folds=3"


@pytest.fixture(scope="module")
def irmas(tmp_path_factory):
    return make(tmp_path_factory.mktemp("irmas"), recordings=6, songs=2)


def pending(root, folder, *assignments):
    """Return what a run of one seed needs, its tasks, and the data as they are read."""
    path = folder / "x.yaml"
    path.write_text(PLAIN.replace("DATA", "nsynth" if (root / "nsynth-train").is_dir() else "irmas"))
    experiment = read_experiment(path, assignments=assignments)
    workplace = Workplace(root, False, root / "cache", folder, 1, Progress(quiet=True))
    data = read_data(experiment.dataset, workplace)
    prepared = prepare(experiment, trainable(experiment, data), workplace)
    pending = to_train(experiment, prepared, ResultFolder(folder / "result"), workplace)
    return pending, [task for _, task in pending.tasks({})], data.dataset


@pytest.mark.parametrize("patience", [25, None])
def test_validation_clips_train_where_training_never_stops_by_them(nsynth, tmp_path, patience):
    pended, tasks, read = pending(nsynth, tmp_path, f"training.patience={'null' if patience is None else patience}")
    splits = ["train"] if patience else ["train", "validation"]
    rows = np.flatnonzero(read.table["split"].isin(splits))
    assert len(tasks) == 1 + len(pended.references)
    for task in tasks:
        assert set(task.parts) == ({"train", "validation", "test"} if patience else {"train", "test"})
        assert np.array_equal(task.parts["train"].truth, read.targets[rows])
        assert isinstance(task, TrainingJob) or np.array_equal(task.groups, read.groups[rows])


def test_in_folds_all_but_the_test_fold_trains(irmas, tmp_path):
    _, stopped, read = pending(irmas, tmp_path, *CV)
    pended, tasks, _ = pending(irmas, tmp_path, *CV, "training.patience=null", "training.mixes=1")
    assert all("validation" in task.parts for task in stopped)
    for fold in pended.dataset.each_fold():
        assert len(fold.train) + len(fold.test) == len(read.table)
    for task in tasks:
        assert set(task.parts) == {"train", "test"}
        assert len(task.parts["train"].truth) + len(task.parts["test"].truth) == len(read.table)
        assert isinstance(task, TrainingJob) or len(task.groups) == len(task.parts["train"].truth)


def test_clips_that_choose_a_threshold_do_not_train(irmas, tmp_path):
    _, tasks, read = pending(irmas, tmp_path, "training.patience=null")
    for task in tasks:
        assert set(task.parts) == {"train", "validation", "test", "mixed"}
        assert len(task.parts["train"].truth) == len(read.part("train"))
