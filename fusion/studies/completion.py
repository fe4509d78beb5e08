"""Several results completed in one crew of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fusion.learning.jobs import TrainingJob
from fusion.learning.references import ReferenceJob
from fusion.result.reference_predictions import ReferencePredictions
from fusion.runtime.workers import run
from fusion.studies.pending import PendingResult


def complete(pending: Sequence[PendingResult]) -> list[dict[str, Any]]:
    """Do all that several results need in one crew of workers, which import keras once.

    Each result is finished as soon as its own tasks are done.

    Returns
    -------
    list of dict
        The content of each metrics.json.
    """
    if not pending:
        return []
    previous = [each.result.believed_metrics() for each in pending]
    stored = [each.stored_references() for each in pending]
    tasks = [each.tasks(known) for each, known in zip(pending, stored, strict=True)]
    owner = {task: number for number, own in enumerate(tasks) for _, task in own}
    left = [len(own) for own in tasks]
    fresh: list[ReferencePredictions] = [{} for _ in pending]
    metrics: dict[int, dict[str, Any]] = {}
    for number, each in enumerate(pending):
        if left[number]:
            (each.result.folder / "metrics.json").unlink(missing_ok=True)  # would not fit the new networks
        else:
            metrics[number] = each.finish(stored[number], {}, previous[number])
    workplace = pending[0].workplace
    trainings = [task for task in owner if isinstance(task, TrainingJob) and not task.source]
    calls = [call for own in tasks for call in own]
    epochs = max((task.training.epochs for task in trainings), default=0)
    threads = max(each.experiment.training.threads for each in pending)
    with (
        workplace.progress.training([task.name for task in trainings], epochs) as on_message,
        run(calls, workplace.workers, threads, on_message) as finished,
    ):
        for task, output in finished:
            number = owner[task]
            if isinstance(task, ReferenceJob):
                key = task.name, task.seed, task.repeat
                fresh[number].setdefault(key, {}).update(pending[number].by_clip(task, output))
            left[number] -= 1
            if not left[number]:
                metrics[number] = pending[number].finish(stored[number], fresh[number], previous[number])
    return [metrics[number] for number in range(len(pending))]
