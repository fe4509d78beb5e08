"""Several results beside each other: figures, references, settings that differ, and on the same clips tests of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from fusion.errors import FusionError
from fusion.evaluation.effects import adjusted
from fusion.evaluation.label_task import recorded_task
from fusion.result.compare import compare_predictions
from fusion.result.folder import ResultFolder
from fusion.result.listing import differences
from fusion.result.looks import most_looks
from fusion.result.predictions import read_predictions, same_clips
from fusion.settings.changes import changed


def side_by_side(results: Sequence[ResultFolder]) -> dict[str, Any]:
    """Return what is to be seen of several results at once.

    Parameters
    ----------
    results : sequence of ResultFolder
        At least two; the first is what the others are compared with.

    Returns
    -------
    dict
        ``digest``; ``results`` [{name, folder, metrics, changes}]; ``alike``, settings that all change alike; ``tests``
        [{result, metric, difference, low, high, p, p_holm, ...}] of each later result minus the first; ``why`` there
        are none for some; ``changed`` {result, clips, several}, of the first of these tests that has such clips;
        ``warnings``; ``looks``.

    Raises
    ------
    FusionError
        If one is no finished result, or one is named twice.
    """
    metrics = [result.finished() for result in results]
    names = [f"{own['experiment']} {own['digest']}" for own in metrics]
    if len({result.folder.resolve() for result in results}) < len(results):
        raise FusionError(f"a result is named twice among {', '.join(names)}; name each once")
    alike, changes = differences([{"changes": changed(result.settings())} for result in results])
    first, *others = [read_predictions(result.folder) for result in results]
    tests: list[dict[str, Any]] = []
    changes_of: dict[str, Any] = {"result": "", "clips": [], "several": False}
    why, warnings = [], []
    for name, other in zip(names[1:], others, strict=True):
        if not same_clips(first, other):
            why.append(f"{name} is on other test clips than {names[0]}, so the two are not tested against each other")
            continue
        comparison = compare_predictions(other, first)
        metric = recorded_task(comparison).headline.name
        tests.append({"result": name, "metric": metric, **comparison[metric]})
        warnings += comparison["warnings"]
        if not changes_of["clips"]:
            several = recorded_task(comparison).several
            changes_of = {"result": name, "clips": comparison["changed"], "several": several}
    return {
        "digest": hashlib.sha256("\n".join(names).encode()).hexdigest()[:12],
        "results": [
            {"name": name, "folder": str(result.folder), "metrics": own, "changes": change}
            for name, result, own, change in zip(names, results, metrics, changes, strict=True)
        ],
        "alike": alike,
        "tests": adjusted(tests),
        "why": why,
        "changed": changes_of,
        "warnings": list(dict.fromkeys(warnings)),
        **most_looks(metrics),
    }
