"""What reference models reach on the test clips of a result, and how far its network is above each of them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fusion.evaluation.effects import adjusted, paired_difference
from fusion.evaluation.estimate import Estimate
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.metric import Metric
from fusion.evaluation.reference import MAJORITY, REFERENCES
from fusion.result.reference_predictions import ReferencePredictions, commonest_settings, to_scores

CONSTANT = "constant"


def reference_scores(
    truth: GroundTruth, classes: tuple[str, ...], clips: list[str], references: ReferencePredictions, own: Estimate
) -> dict[str, dict[str, Any]]:
    """Return the metrics of each reference model, and of always naming the test's own largest class.

    Parameters
    ----------
    truth : GroundTruth
        Of the test clips.
    classes : tuple of str
    clips : list of str
        Ids of the test clips, in order.
    references : dict
        What each model predicts, by name, seed and repeat.
    own : Estimate
        The network's headline metric.

    Returns
    -------
    dict
        By name: every metric; ``settings``, which most of its fits have; and ``network_minus``, how far the network
        is above it (see `fusion.evaluation.effects.paired_difference`), with ``p_holm`` over all of them.
        ``constant``, which names the test's largest class always, is there where it beats the training's largest.
    """
    headline = truth.task.headline
    table: dict[str, dict[str, Any]] = {}

    def scores(counts: NDArray[Any], seeded: bool) -> dict[str, Any]:
        against = paired_difference(own, truth.estimate(counts, headline.function, seeded))
        return {**truth.over_seeds(counts, seeded), "network_minus": against}

    for name in (name for name in REFERENCES if any(key[0] == name for key in references)):
        columns = [
            [by_clip[clip] for clip in clips] for key, by_clip in sorted(references.items()) if key[0] == name
        ]  # of each seed in turn, and within it of each repeat
        counts = truth.counts([to_scores(truth.task, classes, predictions) for predictions in columns])
        settings = commonest_settings([prediction for predictions in columns for prediction in predictions])
        table[name] = {**scores(counts, REFERENCES[name].seeded), "settings": settings}
    if MAJORITY.name in table:
        decisions = truth.task.constant_decisions(truth.targets)[0]
        constant = scores(truth.counts([(decisions, decisions)] * truth.repeats), seeded=False)
        if constant[headline.name]["mean"] > table[MAJORITY.name][headline.name]["mean"]:
            table[CONSTANT] = {**constant, "class": classes[int(truth.targets.sum(axis=0).argmax())]}
    tests = adjusted([row["network_minus"] for row in table.values()])
    return {name: {**row, "network_minus": test} for (name, row), test in zip(table.items(), tests, strict=True)}


def best_reference(references: dict[str, dict[str, Any]], metric: Metric) -> str | None:
    """Return the reference model that does best; None where none was fitted.

    What always names the test's largest class is none: it knows that.
    """
    names = [name for name in references if name in REFERENCES]
    if all(REFERENCES[name].trivial for name in names):
        return None
    return max(names, key=lambda name: float(references[name][metric.name]["mean"]))
