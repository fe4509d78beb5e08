"""Several results in one crew: what their arms ask alike is answered once, and each gets the answer."""

from contextlib import contextmanager

import pytest

from fusion.datasets.data import read_data
from fusion.extraction.prepare import prepare
from fusion.learning.jobs import TrainingJob
from fusion.result.folder import ResultFolder
from fusion.result.reference_predictions import read_reference_predictions
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from fusion.studies import completion
from fusion.studies.experiment import trainable
from fusion.studies.pending import to_train

PLAIN = """dataset: {name: nsynth, protocol: course}
features: {mfcc: {n_mfcc: 4}, zero_crossing_rate: {}}
model: {conv_filters: [2], dense_units: [2], embedding: 2}
training: {epochs: 1, patience: null}
seeds: [1]
"""


def pending(root, folder, *assignments, into=None, references=None):
    path = folder / "x.yaml"
    path.write_text(PLAIN)
    experiment = read_experiment(path, assignments=assignments)
    workplace = Workplace(root, False, root / "cache", folder, 1, Progress(quiet=True))
    prepared = prepare(experiment, trainable(experiment, read_data(experiment.dataset, workplace)), workplace)
    result = into or ResultFolder(folder / "-".join(["result", *assignments]))
    return to_train(experiment, prepared, result, workplace, references=references)


def questions(pended):
    return {task.question for _, task in pended.tasks({}) if not isinstance(task, TrainingJob)}


@pytest.mark.parametrize("same", ["model.dropout=0.1", "training.epochs=2", "training.copies=1", "training.mixes=1"])
def test_other_networks_ask_references_the_same(nsynth, tmp_path, same):
    assert questions(pending(nsynth, tmp_path)) == questions(pending(nsynth, tmp_path, same))


@pytest.mark.parametrize(
    "other",
    ["features.mfcc.n_mfcc=5", "dataset.protocol=official", "training.patience=3", "seeds=[2]", "dataset.limit=2"],
)
def test_other_inputs_ask_them_something_else(nsynth, tmp_path, other):
    seeded = {question for question in questions(pending(nsynth, tmp_path)) if question[1]}
    assert seeded
    assert not seeded & questions(pending(nsynth, tmp_path, other))


def test_each_result_gets_the_answer_to_what_was_asked_once(nsynth, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        completion, "run", lambda calls, *rest, run=completion.run: asked.extend(calls) or run(calls, *rest)
    )
    both = pending(nsynth, tmp_path), pending(nsynth, tmp_path, "model.dropout=0.1")
    first, second = completion.complete(both)
    assert len(asked) == 2 + len(both[0].references)
    assert first["references"] == second["references"]
    stored = [read_reference_predictions(each.result.folder) for each in both]
    assert stored[0].keys() == stored[1].keys()
    assert stored[0] == stored[1]


def test_references_that_were_finished_are_kept_whatever_comes(nsynth, tmp_path, monkeypatch):
    def interrupted(calls, *rest, run=completion.run):
        @contextmanager
        def crew():
            with run(calls, *rest) as finished:
                yield stopped(finished)

        def stopped(finished):
            for task, output in finished:
                yield task, output
                if getattr(task, "name", "") == "logistic":
                    raise KeyboardInterrupt

        return crew()

    pended = pending(nsynth, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(completion, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            completion.complete([pended])
    kept = {name for name, *_ in read_reference_predictions(pended.result.folder)}
    assert "logistic" in kept
    assert not (pended.result.folder / "metrics.json").exists()
    again = pending(nsynth, tmp_path)
    asked = {task.name for _, task in again.tasks(again.stored_references())}
    assert asked == set(again.references) - kept
    (metrics,) = completion.complete([again])
    assert set(metrics["references"]) == set(again.references)


def test_references_of_a_result_stay_when_less_is_asked_for(nsynth, tmp_path):
    (whole,) = completion.complete([pending(nsynth, tmp_path)])
    fewer = pending(nsynth, tmp_path, "seeds=[1, 2]", into=pending(nsynth, tmp_path).result, references=("majority",))
    (metrics,) = completion.complete([fewer])
    assert set(metrics["references"]) == set(whole["references"])
    assert metrics["seeds"] == [1, 2]
