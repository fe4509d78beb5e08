"""Does it transfer? The saved networks of a result on the clips of another data set in the same layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fusion.datasets.corpus import Corpus, checked
from fusion.datasets.data import SAMPLE, Data, hasher, with_content, with_origin
from fusion.errors import FusionError
from fusion.extraction.prepare import prepare
from fusion.result.folder import ResultFolder
from fusion.result.identity import digest
from fusion.result.trained import TrainedResult, read_trained
from fusion.runtime.files import content_hash
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.studies.completion import complete
from fusion.studies.experiment import say_complete, say_versions, trainable
from fusion.studies.own_data import read_own_data
from fusion.studies.pending import PendingResult, seed_jobs


def evaluate_result(
    folder: Path,
    workplace: Workplace,
    split: str = "test",
    seeds: Sequence[int] | None = None,
    training_data: Path | None = None,
    skip_damaged: bool = False,
    plugins: Iterable[Path] = (),
) -> Path:
    """Apply a result's networks to another data set and write what came out as a result of its own.

    The reference models are fitted again on the training clips of the result. Clips of classes that the networks do not
    know are left out and counted in a warning.

    Parameters
    ----------
    folder : Path
        A result with its networks.
    workplace : Workplace
        ``root`` is the other data set.
    split : {"train", "validation", "test"}
        Of the other data set.
    seeds : sequence of int, optional
        Networks to use instead of all.
    training_data : Path, optional
        Where the result's own data are now, if not where they were.
    skip_damaged : bool
        Leave damaged clips of the other data set out and record them.
    plugins : iterable of Path
        Plug-in folders that the result needs.

    Returns
    -------
    Path
        The result folder, ``results/<experiment>@<name of the other data set>/<digest>``.

    Raises
    ------
    FusionError
        If the result cannot be used, or either data set is missing, damaged or changed.
    """
    saved = read_trained(folder, seeds, plugins)
    if "source" in saved.metrics:
        raise FusionError(
            f"{folder}: its networks come from elsewhere; name {saved.metrics['source']['folder']} instead"
        )
    if len(saved.models) > len(saved.seeds):
        raise FusionError(
            f"{folder}: has one network a fold, and none of them for all clips; name a result without folds"
        )
    name = "sample" if workplace.sample else workplace.root.resolve().name
    experiment = replace(saved.experiment, name=f"{saved.metrics['experiment']}@{name}", seeds=saved.seeds)
    if "trained_on" not in saved.metrics and not experiment.validates:
        raise FusionError(
            f"{folder}: an older fusion trained it, on training clips alone where validation clips train now, too; "
            "run the experiment again"
        )
    advice = "the reference models need the training data: name its folder with --training-data"
    trained = read_own_data(saved, workplace, training_data, advice)
    if skip_damaged:
        experiment = replace(experiment, dataset=experiment.dataset.model_copy(update={"skip_damaged": True}))
    data = trainable(experiment, _joined(experiment, trained, workplace, name, split))
    networks = saved.metrics["digest"]
    own = digest(experiment, data.fingerprint, workplace.sample, networks)
    result = ResultFolder(workplace.results / experiment.name / own)
    missing = [seed for seed in saved.seeds if not _applied(saved, result, seed)]
    say_versions([result], workplace)
    if not missing and result.covers(saved.seeds, data.dataset.label_task.references):
        say_complete(result, workplace)
        return result.folder
    source = {"folder": str(folder), "digest": networks, "data": name, "split": split}
    prepared = prepare(experiment, data, workplace)
    jobs = [
        job for seed in missing for job in seed_jobs(experiment, prepared, result, seed, saved.result.seed_folder(seed))
    ]
    references = data.dataset.label_task.references
    pending = PendingResult(experiment, prepared, result, workplace, tuple(jobs), references, extra={"source": source})
    with result.locked():
        complete([pending])
    return result.folder


def _applied(saved: TrainedResult, result: ResultFolder, seed: int) -> bool:
    """Say whether a seed's network was applied already, and not trained again since."""
    network = content_hash(saved.result.seed_folder(seed) / "model.keras")
    return seed in result.trained() and result.summaries(seed)[0].get("network") == network


def _joined(experiment: Experiment, trained: Data, workplace: Workplace, name: str, split: str) -> Data:
    """Return training and validation clips of one data set and test clips of another."""
    other: Corpus = experiment.dataset.read_split(workplace.root, split, hasher(workplace))
    own, clips = trained.dataset.table, with_origin(other.table, other.name, workplace.root)
    folders = {folder.resolve() for folder in {path.parent for path in own["path"]}}
    # instruments of two data sets may have the same name; those of one are the same
    same = any(folder.resolve() in folders for folder in {path.parent for path in other.table["path"]})
    changed = {"id": [f"{name}/{value}" for value in other.table["id"]]}
    changed["group"] = list(other.table["group"]) if same else [f"{name}/{value}" for value in other.table["group"]]
    table = pd.concat([own[own["split"] != "test"], clips.assign(**changed)], ignore_index=True)
    notes = [SAMPLE] if workplace.sample else [note for note in trained.dataset.notes if note == SAMPLE]
    return with_content(checked(replace(other, table=table, notes=[*notes, *other.notes])), workplace)
