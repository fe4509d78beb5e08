"""Several results completed in one crew of workers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from fusion.learning.jobs import TrainingJob
from fusion.learning.references import ReferenceJob
from fusion.runtime.workers import run
from fusion.studies.pending import PendingResult


def complete(pending: Sequence[PendingResult]) -> list[dict[str, Any]]:
    """Do all that several results need in one crew of workers, which import keras once.

    Each result is finished as soon as its own tasks are done. What several ask of reference models alike, because their
    networks alone differ, is answered once.

    Returns
    -------
    list of dict
        The content of each metrics.json.
    """
    if not pending:
        return []
    previous = [each.result.believed_metrics() for each in pending]
    references = [each.stored_references() for each in pending]
    tasks = [each.tasks(stored) for each, stored in zip(pending, references, strict=True)]
    owners: dict[TrainingJob | ReferenceJob, list[int]] = {}
    functions: dict[TrainingJob | ReferenceJob, str] = {}
    asked: dict[Hashable, ReferenceJob] = {}
    for number, own in enumerate(tasks):
        for function, task in own:
            if isinstance(task, ReferenceJob):
                task = asked.setdefault(task.question, task)
            functions[task] = function
            owners.setdefault(task, []).append(number)
    left = [len(own) for own in tasks]
    metrics: dict[int, dict[str, Any]] = {}
    for number, each in enumerate(pending):
        if left[number]:
            (each.result.folder / "metrics.json").unlink(missing_ok=True)  # would not fit the new networks
        else:
            metrics[number] = each.finish(references[number], previous[number])
    workplace = pending[0].workplace
    trainings = [task for task in owners if isinstance(task, TrainingJob) and not task.source]
    calls = [(function, task) for task, function in functions.items()]
    epochs = max((task.training.epochs for task in trainings), default=0)
    threads = pending[0].experiment.training.threads  # the same in all
    with (
        workplace.progress.training([task.name for task in trainings], epochs) as on_message,
        run(calls, workplace.workers, threads, on_message) as finished,
    ):
        for task, output in finished:
            for number in owners[task]:
                if isinstance(task, ReferenceJob):
                    pending[number].keep(task, output, references[number])
                left[number] -= 1
                if not left[number]:
                    metrics[number] = pending[number].finish(references[number], previous[number])
    return [metrics[number] for number in range(len(pending))]
