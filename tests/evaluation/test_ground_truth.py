import numpy as np
import pytest

from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from tests.support.scores import scored


def seed_decisions(labels, classes):
    decisions = np.eye(classes, dtype=bool)[labels]
    return decisions.astype(float), decisions


def test_metrics_are_over_seeds_with_an_interval_over_groups():
    random = np.random.default_rng(0)
    true = np.repeat(np.arange(3), 200)
    truth = GroundTruth(SINGLE_LABEL, np.eye(3, dtype=bool)[true], np.repeat(np.arange(30), 20))
    predicted = [np.where(random.random(600) < share, true, (true + 1) % 3) for share in (0.79, 0.8, 0.81)]
    counts = truth.counts([seed_decisions(labels, 3) for labels in predicted])
    assert counts.shape == (30, 3, 3, 3)
    assert [len(set(own)) for own in np.split(truth.strata, 3)] == [1, 1, 1]
    assert len(set(truth.strata)) == 3
    summary = truth.over_seeds(counts)
    accuracy = summary["accuracy"]
    per_seed = [np.mean(labels == true) for labels in predicted]
    assert accuracy["per_seed"] == pytest.approx(per_seed)
    assert accuracy["mean"] == pytest.approx(np.mean(per_seed))
    assert accuracy["std"] == pytest.approx(np.std(per_seed, ddof=1))
    assert accuracy["low"] < accuracy["mean"] < accuracy["high"]
    assert accuracy["high"] - accuracy["low"] < 0.1
    assert summary["micro_f1"]["mean"] == pytest.approx(accuracy["mean"])


def test_one_seed_has_no_spread():
    truth = GroundTruth(SINGLE_LABEL, np.eye(2, dtype=bool)[[0, 1, 1]], np.array([0, 1, 2]))
    counts = truth.counts([seed_decisions([0, 1, 0], 2)])
    assert truth.over_seeds(counts)["accuracy"]["std"] == 0


def test_only_classes_with_enough_groups_get_an_interval():
    random = np.random.default_rng(1)
    clips = np.repeat(np.arange(14), 10)
    labels = np.array([0] * 12 + [1] * 2)[clips]
    truth = GroundTruth(SINGLE_LABEL, np.eye(2, dtype=bool)[labels], clips)
    predicted = [np.where(random.random(140) < 0.8, labels, 1 - labels) for _ in range(2)]
    table = truth.by_class(truth.counts([seed_decisions(each, 2) for each in predicted]), ["many", "few"], enough=10)
    assert table["many"]["low"] < table["many"]["f1"] < table["many"]["high"]
    assert table["few"]["low"] is None
    assert (table["many"]["groups"], table["few"]["groups"]) == (12, 2)
    assert (table["many"]["support"], table["few"]["support"]) == (120, 20)


def test_a_group_of_several_classes_does_not_unite_the_strata_of_the_others():
    targets = np.eye(2, dtype=bool)[[0, 0, 1, 1, 0, 1, 0, 1]]
    strata = GroundTruth(SINGLE_LABEL, targets, np.array([0, 1, 2, 3, 4, 4, 5, 5])).strata
    assert strata[0] == strata[1] != strata[2] == strata[3]
    assert strata[4] == strata[5] not in (strata[0], strata[2])


def test_where_clips_have_several_labels_all_groups_are_one_stratum():
    targets = np.eye(2, dtype=bool)[[0, 1, 1]]
    assert GroundTruth(MULTI_LABEL, targets, np.array([0, 1, 2])).strata.tolist() == [0, 0, 0]


def test_repeats_vary_as_seeds_do_and_are_means_over_seeds():
    random = np.random.default_rng(2)
    true = np.repeat(np.arange(2), 60)
    groups = np.repeat(np.arange(12), 10)
    predicted = [np.where(random.random(120) < 0.8, true, 1 - true) for _ in range(6)]  # two seeds of three repeats
    repeated = GroundTruth(SINGLE_LABEL, np.eye(2, dtype=bool)[true], groups, repeats=3)
    counts = repeated.counts([seed_decisions(labels, 2) for labels in predicted])
    accuracy = repeated.over_seeds(counts)["accuracy"]
    right = [np.mean(labels == true) for labels in predicted]
    assert accuracy["per_seed"] == pytest.approx([np.mean(right[:3]), np.mean(right[3:])])
    values, _ = repeated.linearised(counts, SINGLE_LABEL.headline.function)
    assert values == pytest.approx([np.mean(right[repeat::3]) for repeat in range(3)])
    one_seed = repeated.over_seeds(counts[:, :3])["accuracy"]
    assert one_seed["low"] < one_seed["mean"] < one_seed["high"]


def test_draws_of_a_seed_are_averaged_before_anything_else():
    truth = GroundTruth(SINGLE_LABEL, np.eye(2, dtype=bool)[[0, 1, 0, 1]], np.arange(4))
    labels = ([0, 1, 0, 0], [0, 1, 1, 1], [0, 1, 0, 1], [1, 1, 0, 1])  # two draws of each of two seeds
    counts = truth.counts([seed_decisions(each, 2) for each in labels])
    values, by_group = truth.linearised(counts, SINGLE_LABEL.headline.function, draws=2)
    assert values.tolist() == [0.75, 0.875]
    assert by_group.shape == (4, 2)


def test_chance_is_the_best_prediction_that_is_the_same_for_every_clip():
    targets = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    groups = np.arange(4)
    assert GroundTruth(SINGLE_LABEL, np.eye(3, dtype=bool)[[0, 1, 1, 1]], groups).chance() == pytest.approx(3 / 4)
    # micro F1 of always naming the first class, the first two, all three
    assert GroundTruth(MULTI_LABEL, targets, groups).chance() == pytest.approx(max(6 / 11, 12 / 15, 14 / 19))


@pytest.mark.parametrize("task", [SINGLE_LABEL, MULTI_LABEL])
def test_metrics_of_scores_have_what_those_of_decisions_have(task):
    targets, _ = scored(120, 5, several=task.several)
    groups = np.repeat(np.arange(24), 5)
    scores = [scored(120, 5, several=task.several, seed=0)[1] ** power for power in (1.0, 0.8, 1.2)]
    found = GroundTruth(task, targets, groups).of_scores(scores)
    assert list(found) == ["nll", "ece", *(["map"] if task.several else ["top_2", "top_3"])]
    for summary in found.values():
        assert set(summary) == {"mean", "std", "per_seed", "low", "high", "se_groups", "se_seeds", "df"}
        assert 0 <= summary["low"] < summary["mean"] < summary["high"]
    doubled = GroundTruth(task, np.repeat(targets, 2, axis=0), np.repeat(groups, 2))
    for name, summary in doubled.of_scores([np.repeat(seed, 2, axis=0) for seed in scores]).items():
        assert summary["se_groups"] == pytest.approx(found[name]["se_groups"])
        assert summary["low"] == pytest.approx(found[name]["low"])


def test_a_loss_may_be_above_1_and_top_k_needs_more_classes():
    targets = np.eye(3, dtype=bool)[np.tile([0, 1, 2], 8)]
    random = np.random.default_rng(0)
    scores = [random.dirichlet(np.full(3, 0.2), 24) for _ in range(2)]
    found = GroundTruth(SINGLE_LABEL, targets, np.arange(24)).of_scores(scores)
    assert list(found) == ["nll", "ece", "top_2"]
    assert found["nll"]["high"] > found["nll"]["mean"] > 1


def test_repeats_of_scores_are_means_over_seeds():
    targets, _ = scored(60)
    scores = [scored(60)[1] ** power for power in (1.0, 0.8, 1.2, 0.9)]
    groups = np.repeat(np.arange(12), 5)
    found = GroundTruth(SINGLE_LABEL, targets, groups, repeats=2).of_scores(scores)["nll"]
    each = GroundTruth(SINGLE_LABEL, targets, groups).of_scores(scores)["nll"]["per_seed"]
    assert found["per_seed"] == pytest.approx(np.reshape(each, (2, 2)).mean(axis=1))
