"""Searching settings, through the command line and KerasTuner's own oracle."""

import csv
import json
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import fusion
from fusion.errors import FusionError
from fusion.learning.saved_network import load_model
from fusion.runtime.progress import Progress
from fusion.runtime.workers import run
from fusion.search import scoring
from fusion.search.plots import importance, plot_importance, positions_in_range
from fusion.search.trials import Trial, best, edge_warnings, read_trials
from fusion.settings.reading import read_experiment, resolve
from fusion.settings.search_space import Choices, Range, SearchSettings
from tests.support.command import SEARCH, command

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def searched(many, tmp_path_factory):
    """A folder in which the search has been run once."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "open.yaml").write_text(SEARCH)
    done = command(folder, "tune", "open.yaml", "--data", many, "--jobs", 1)
    stored = "".join(path.read_text() for path in (folder / ".fusion/cache/features").rglob("*.csv"))
    assert "nsynth-train/" in stored
    assert "nsynth-test/" not in stored  # a search does not even extract test clips
    (folder / "stdout.txt").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="module")
def search(searched):
    return searched / (searched / "stdout.txt").read_text().splitlines()[-1] / "search"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_trial_is_in_the_table_with_its_settings(search):
    table = rows(search / "trials.csv")
    assert [row["trial"] for row in table] == ["0", "1", "2", "3"]
    assert list(table[0])[:3] == ["trial", "score", "status"]
    assert json.loads(table[0]["training.learning_rate"]) == 5e-3  # the file's own settings come first
    for row in table:
        assert row["status"] == "COMPLETED"
        assert 0 <= float(row["score"]) <= 1
        assert json.loads(row["model.dropout"]) in (0.1, 0.2, 0.3)
        assert json.loads(row["model.conv_filters"]) in ([8], [8, 8])
        assert json.loads(row["features.mfcc.n_mfcc"]) in (6, 8, 10)
        assert 1e-3 <= json.loads(row["training.learning_rate"]) <= 1e-2


def test_progress_tells_of_each_trial_and_the_console_of_the_best(searched):
    err = (searched / "stderr.txt").read_text()
    assert err.count("trial ") >= 3
    assert "best" in err
    out = (searched / "stdout.txt").read_text()
    assert "Search: Running Trial" not in out + err  # KerasTuner's own words stay in its log
    assert "best of 3 trials" in out


def test_best_is_a_complete_experiment_with_the_best_trials_settings(search):
    table = rows(search / "trials.csv")
    top = max(table, key=lambda row: float(row["score"]))
    experiment = read_experiment(search / "best.yaml")
    assert experiment.search is None
    assert experiment.model.dropout == json.loads(top["model.dropout"])
    assert experiment.features["mfcc"].n_mfcc == json.loads(top["features.mfcc.n_mfcc"])
    assert experiment.seeds == (1,)


def test_best_can_be_run(searched, search, many):
    done = command(searched, "run", search / "best.yaml", "--data", many, "--json")
    assert json.loads(done.stdout)["experiment"] == "open"
    assert not (searched / "results" / "best").exists()


def refit(task):
    """Return the score of each recorded fold, from best.yaml and search.json alone; runs in a worker, as the search."""
    from fusion.datasets.data import read_data
    from fusion.extraction.prepare import prepare
    from fusion.learning.fit import fit
    from fusion.learning.jobs import TrainingJob
    from fusion.learning.train import predict_windows
    from fusion.runtime.workplace import Workplace

    search, root, folder = task
    plan = json.loads((search / "search.json").read_text())
    experiment = read_experiment(search / "best.yaml")
    workplace = Workplace(root, False, folder / "cache2", folder, 1, Progress(quiet=True))
    prepared = prepare(experiment, read_data(experiment.dataset, workplace), workplace)
    dataset = prepared.data.dataset
    folds = np.array([plan["folds"][clip] for clip in dataset.part("train")["id"]])
    every = prepared.parts(dataset.each_fold()[0])
    whole = every["train"]
    scores = []
    for number in range(plan["search"]["folds"]):
        keras.utils.set_random_seed(plan["search"]["seed"])
        parts = {"train": whole.only(folds != number), "validation": every["validation"]}
        settings = experiment.model, experiment.training
        model = fit(TrainingJob(search, plan["search"]["seed"], *settings, dataset.classes, parts, (), {}))
        held = whole.only(folds == number)
        scores.append(float((predict_windows(model, held).argmax(axis=1) == held.truth.argmax(axis=1)).mean()))
    return scores


def test_refitting_the_recorded_folds_repeats_the_recorded_score(search, many, searched):
    with run([("tests.search.test_tune:refit", (search, many, searched))], 1) as ((_, scores),):
        pass
    recorded = max(float(row["score"]) for row in rows(search / "trials.csv"))
    assert np.mean(scores) == pytest.approx(recorded, abs=1e-6)


def test_folds_are_of_whole_training_instruments_and_never_of_test_clips(search):
    plan = json.loads((search / "search.json").read_text())
    assert plan["folds_by"] == "groups"
    by_instrument = {}
    for clip, fold in plan["folds"].items():
        assert clip.startswith("nsynth-train/")
        by_instrument.setdefault(clip.split("/")[1].rsplit("-", 2)[0], set()).add(fold)
    assert all(len(folds) == 1 for folds in by_instrument.values())


def test_plots_are_written(search):
    assert (search / "parallel.png").stat().st_size > 10_000


def test_a_finished_search_is_not_repeated_and_goes_on_with_more_trials(searched, search, many):
    before = {path: path.stat().st_mtime_ns for path in (search / "scores").iterdir()}
    command(searched, "tune", "open.yaml", "--data", many, "--jobs", 1)
    assert {path: path.stat().st_mtime_ns for path in (search / "scores").iterdir()} == before
    command(searched, "tune", "open.yaml", "--data", many, "--jobs", 1, "--trials", 4)
    assert len(rows(search / "trials.csv")) == 5
    assert {path: path.stat().st_mtime_ns for path in before} == before
    command(searched, "tune", "open.yaml", "--data", many, "--jobs", 1, "--trials", 2)
    assert len(rows(search / "trials.csv")) == 3  # as a search of two alone would have had
    command(searched, "tune", "open.yaml", "--data", many, "--jobs", 1, "--trials", 4)
    assert len(rows(search / "trials.csv")) == 5


def test_another_space_is_another_search(searched, search, many):
    projects = {path.name for path in search.glob("project-*")}
    other = SEARCH.replace("[0.1, 0.2, 0.3]", "[0.4, 0.5]").replace("trials: 3", "trials: 1")
    (searched / "other").mkdir()
    (searched / "other" / "open.yaml").write_text(other)
    command(searched, "tune", "other/open.yaml", "--data", many, "--jobs", 1)
    assert len({path.name for path in search.glob("project-*")} - projects) == 1
    _, row = rows(search / "trials.csv")
    assert json.loads(row["model.dropout"]) in (0.4, 0.5)


def test_a_state_cut_short_is_no_loss(searched, search, many, tmp_path):
    shutil.copytree(searched, tmp_path / "copy")
    for oracle in (tmp_path / "copy").rglob("oracle.json"):
        oracle.write_text(oracle.read_text()[:50])
    done = command(tmp_path / "copy", "tune", "open.yaml", "--data", many, "--jobs", 1, "--trials", 3)
    assert "the search starts anew" in done.stderr
    (folder,) = (tmp_path / "copy" / "results" / "open").glob("*/search")
    assert len(rows(folder / "trials.csv")) == 4


def test_more_folds_than_groups_is_a_message(many, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH.replace("folds: 2", "folds: 20"))
    done = command(tmp_path, "tune", "open.yaml", "--data", many, code=2)
    assert "20 folds, but there are 9 groups" in done.stderr


def test_a_file_without_a_search_is_a_message(place, nsynth):
    done = command(place, "tune", "small.yaml", "--data", nsynth, code=2)
    assert "nothing is open to search" in done.stderr


def test_a_search_of_networks_that_start_from_others_is_a_message(nsynth, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH)
    done = command(tmp_path, "tune", "open.yaml", "--data", nsynth, "--set", "training.pretrain=elsewhere", code=2)
    assert "training.pretrain: a search trains networks from their first weights" in done.stderr
    words = ("tune", "open.yaml", "--data", nsynth, "--set", "search.space={training.pretrain: [a, b]}")
    assert "training.pretrain: a search trains" in command(tmp_path, *words, code=2).stderr


@pytest.mark.parametrize("trials", [0, "3", 1.5])
@pytest.mark.parametrize("search", [fusion.tune, fusion.ablate])
def test_a_number_of_trials_that_cannot_be_is_a_message(search, trials, nsynth, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH)
    with pytest.raises(FusionError, match=f"--trials {trials}: should be a whole number from 1 up"):
        search(tmp_path / "open.yaml", data=nsynth, trials=trials, results=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_keras_tuners_own_way_over_several_machines_is_a_message(place, nsynth, monkeypatch, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH)
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "192.0.2.1")
    done = command(tmp_path, "tune", "open.yaml", "--data", nsynth, code=2)
    assert "goes by --cluster; unset KERASTUNER_ORACLE_IP" in done.stderr


def test_a_best_file_edited_into_nonsense_is_a_message(search, tmp_path):
    text = (search / "best.yaml").read_text().replace("conv_filters:", "conv_filtres:")
    (tmp_path / "best.yaml").write_text(text)
    with pytest.raises(FusionError, match="conv_filters"):
        read_experiment(tmp_path / "best.yaml")


SPACE = {"a.b": Choices(values=("x", "y", "z")), "c.d": Range(min=1.0, max=100.0, log=True), "e.f": Range(min=0, max=4)}


def planted(number):
    random = np.random.default_rng(number)
    values = {
        "a.b": "xyz"[random.integers(3)],
        "c.d": float(10 ** random.uniform(0, 2)),
        "e.f": int(random.integers(5)),
    }
    return Trial(number, "COMPLETED", values, score=0.1 * values["e.f"])


def test_places_lie_where_the_values_do():
    trial = Trial(1, "COMPLETED", {"a.b": "y", "c.d": 10.0, "e.f": 3}, score=0.5)
    assert np.allclose(positions_in_range([trial], SPACE), [[0.5, 0.5, 0.75]])


def test_the_setting_that_makes_the_score_is_the_important_one():
    found, fit = importance([planted(n) for n in range(40)], SPACE)
    assert fit > 0.8
    assert max(found, key=lambda name: found[name][0]) == "e.f"
    assert found["e.f"][0] > 5 * max(found["a.b"][0], found["c.d"][0])


def test_scores_without_a_pattern_are_said_to_tell_nothing():
    random = np.random.default_rng(0)
    trials = [Trial(n, "COMPLETED", planted(n).values, score=float(random.normal())) for n in range(20)]
    assert importance(trials, SPACE)[1] <= 0
    figure = plot_importance(trials, SearchSettings(space={"a.b": [1, 2]}).model_copy(update={"space": SPACE}))
    assert "too few to tell" in figure.axes[0].get_title()


def test_the_best_trial_is_the_highest_or_the_lowest_by_objective():
    trials = [Trial(1, "COMPLETED", {}, 0.3), Trial(2, "FAILED", {}), Trial(3, "COMPLETED", {}, 0.7)]
    assert best(trials, "accuracy").number == 3
    assert best(trials, "loss").number == 1
    assert best(trials[1:2], "loss") is None


@pytest.mark.parametrize(
    ("choices", "value", "end"),
    [
        (Range(min=0.0, max=1.0), 0.02, 0.0),
        (Range(min=0.0, max=1.0), 0.03, None),
        (Range(min=0.0, max=1.0), 0.985, 1.0),
        (Range(min=1e-4, max=1e-2, log=True), 1.05e-4, 1e-4),
        (Range(min=1e-4, max=1e-2, log=True), 1e-3, None),
        (Range(min=1, max=3), 2, None),
        (Range(min=1, max=3), 3, 3),
        (Choices(values=(1, 2)), 1, None),
    ],
)
def test_a_best_value_at_the_end_of_its_range_is_a_warning(choices, value, end):
    warnings = edge_warnings(Trial(1, "COMPLETED", {"model.dropout": value}), {"model.dropout": choices})
    assert len(warnings) == (end is not None)
    for warning in warnings:
        assert warning.startswith("search-edge: model.dropout: the best value, ")
        assert warning.endswith(f" lies at an end of its range, {end:g}")
    assert edge_warnings(Trial(0, "COMPLETED", {"model.dropout": value}), {"model.dropout": choices}) == []


def test_no_trial_is_read_from_an_empty_folder(tmp_path):
    assert read_trials(tmp_path, SearchSettings(space={"model.dropout": [0.1, 0.2]})) == []


def random_settings(number):
    """One random configuration of everything that a search may vary."""
    random = np.random.default_rng(number)

    def pick(*choices):
        return choices[random.integers(len(choices))]

    return {
        "model.fusion": pick("concat", "gated", "late", "cross_attention", "gated_residual"),
        "model.sequences": pick("convolved", "both"),
        "model.join": pick("pooled", "frames"),
        "model.time_pooling": pick("statistics", "attention"),
        "model.conv_filters": pick([8], [8, 16], [16, 16, 32], [8, 8, 8, 8]),
        "model.dense_units": pick([8], [16, 16], [32, 16, 8]),
        "model.embedding": pick(4, 16, 32),
        "model.dropout": float(random.uniform(0, 0.7)),
        "model.auxiliary": pick(0.0, 0.3, 1.0),
        "model.branch_dropout": pick(0.0, 0.2, 0.5),
        "model.time_masking": pick(0.0, 0.3, 0.9),
        "model.frequency_masking": pick(0.0, 0.3, 0.9),
        "model.noise": pick(0.0, 0.2, 1.0),
        "training.batch_size": pick(4, 16, 64),
        "training.learning_rate": float(10 ** random.uniform(-4, -1.5)),
        "training.schedule": pick("cosine", "plateau", "constant"),
        "training.mixup": pick(0.0, 0.2, 1.0),
        "training.label_smoothing": pick(0.0, 0.1),
        "training.weight_decay": pick(0.0, 0.01),
        "features.mfcc.n_mfcc": pick(5, 8, 13),
        "features.mfcc.deltas": pick(0, 1, 2),
        "features.spectral_centroid.statistics": pick(["mean"], ["mean", "std", "p10"], None),
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_random_configurations_build_train_save_and_predict_the_same(number, tmp_path):
    from fusion.extraction.part import Part
    from fusion.extraction.store import Rows
    from fusion.learning.fit import fit
    from fusion.learning.jobs import TrainingJob
    from fusion.learning.train import predict_windows

    base = read_experiment_text(tmp_path)
    experiment = resolve(base.settings(), {**random_settings(number), "training.epochs": 1})
    shapes = experiment.shapes()
    random = np.random.default_rng(number)
    rows = {}
    for name, shape in shapes.items():
        np.save(tmp_path / f"{name}.npy", random.normal(3, 2, size=(48, *shape)).astype(np.float32))
        rows[name] = Rows((tmp_path / f"{name}.npy",), np.column_stack([np.zeros(48, int), np.arange(48)]), shape)
    part = Part(rows, np.eye(3, dtype=bool)[np.arange(48) % 3], np.arange(48))
    keras.utils.set_random_seed(number + 1)
    parts = {"train": part, "validation": part}
    model = fit(
        TrainingJob(tmp_path, number + 1, experiment.model, experiment.training, ("a", "b", "c"), parts, (), {})
    )
    assert np.isfinite([figures["loss"] for figures in model.history.epochs]).all()
    before = predict_windows(model, part)
    assert np.isfinite(before).all()
    model.save(tmp_path / "model.keras")
    assert np.allclose(before, predict_windows(load_model(tmp_path / "model.keras"), part), rtol=0, atol=1e-6)
    keras.backend.clear_session()


def read_experiment_text(folder):
    (folder / "base.yaml").write_text(SEARCH.split("search:")[0])
    return read_experiment(folder / "base.yaml")


@pytest.mark.slow
def test_memory_does_not_grow_over_fifty_trials(many, tmp_path):
    """The worker's resident memory after each of fifty trials; the last twenty against the twenty before."""
    text = SEARCH.replace("trials: 3", "trials: 50").replace("epochs: 3", "epochs: 1")
    (tmp_path / "open.yaml").write_text(text)
    words = [sys.executable, "-m", "fusion.cli", "tune", "open.yaml", "--data", str(many), "--jobs", "1"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    samples = {}
    while process.poll() is None:
        done = len(list(tmp_path.glob("results/open/*/search/project-*/record-*.json")))
        samples[done] = sum(resident(pid) for pid in descendants(process.pid))
        time.sleep(0.1)
    assert process.returncode == 0
    early = np.median([size for done, size in samples.items() if 10 <= done < 30])
    late = np.median([size for done, size in samples.items() if done >= 30])
    print(f"resident memory: trials 10 to 29 {early:.0f} MB, from 30 on {late:.0f} MB")
    assert late < 1.1 * early


def descendants(pid):
    """Return the processes below a process, by /proc."""
    from pathlib import Path

    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += [int(child), *descendants(int(child))]
        except OSError:
            continue
    return found


def resident(pid):
    from pathlib import Path

    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    except (OSError, IndexError):
        return 0


def test_search_settings_have_the_documented_defaults():
    settings = SearchSettings(space={"model.dropout": [0.1, 0.2]})
    assert (settings.folds, settings.tuner, settings.objective, settings.seed) == (3, "bayesian", "accuracy", 1)


@pytest.mark.parametrize(
    ("stop", "written"),
    [(KeyboardInterrupt, False), (ValueError, True), (None, True)],
    ids=["interrupt", "error", "end"],
)
def test_a_trial_that_is_interrupted_is_none_that_ended(tmp_path, monkeypatch, stop, written):
    def folds(*_):
        yield {**dict.fromkeys(scoring.DIRECTIONS, 0.5), "seconds": 1.0}
        if stop:
            raise stop("now")

    monkeypatch.setattr(scoring, "_scores", folds)
    monkeypatch.setattr(scoring, "send_message", lambda message: None)
    job = SimpleNamespace(folder=tmp_path, project="project")
    task = scoring.TrialJob(job, "00", {"model.dropout": 0.1})
    task.record.parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(stop) if stop else nullcontext():
        scoring.try_settings(task)
    assert task.record.exists() == written
