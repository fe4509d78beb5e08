"""A study from its file to its report: arms in one crew of workers, steps tested against the arm before.

::

    results/<study>.<arm>/<digest>/    each arm, an ordinary result
    results/<study>/<digest>/          study.json, report.html and figures; the digest covers those of all arms
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from fusion.datasets.data import Data, read_data
from fusion.extraction.prepare import prepare
from fusion.report import study_page as page
from fusion.result import looks
from fusion.result.folder import ResultFolder
from fusion.result.predictions import Predictions, read_predictions, same_clips
from fusion.runtime.files import write_text
from fusion.runtime.known_json import write_known
from fusion.runtime.workplace import Workplace
from fusion.settings.arms import Arm, Study
from fusion.studies.completion import complete
from fusion.studies.experiment import result_of, say_versions, trainable
from fusion.studies.pending import to_train
from fusion.studies.steps import known_gaps, tested_steps

KEPT = (
    *("digest", "dataset", "protocol", "features", "classes", "seeds", "clips", "groups", "train", "test"),
    *("references", "warnings"),
)
OWN = ("other-seeds:", "other-clips:")
"""Warnings of an arm that the study adds to those of its result."""
LATER = ("gap", *looks.KEYS)  # an older result does not have them


def run_study(
    study: Study, workplace_of: Callable[[str], Workplace], force: bool = False, paper: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Run every arm that is missing, test each step, and report them together.

    Parameters
    ----------
    study : Study
    workplace_of : callable
        Gives the workplace for a data set's name.
    force : bool
        Train every arm again.
    paper : bool
        Write tables as LaTeX and CSV and figures as PDF, too.

    Returns
    -------
    Path
        The study's folder.
    dict
        The content of study.json.

    Raises
    ------
    FusionError
        For everything that the user can mend.
    """
    data: dict[str, Data] = {}
    results: dict[str, ResultFolder] = {}
    waiting = list(study.arms)
    while waiting:
        ready = [arm for arm in waiting if arm.source is None or arm.source in results]
        waiting = [arm for arm in waiting if arm not in ready]
        results |= run_arms([_started_from(arm, results) for arm in ready], data, workplace_of, force)
    content = summarise_study(study, results, {name: workplace_of(name) for name in study.datasets})
    folder = next(iter(results.values())).folder.parent.parent / study.name / content["digest"]
    write_known(folder / "study.json", content)
    page.write(folder, content, {name: result.folder for name, result in results.items()}, paper)
    write_text(folder / "arms.txt", "".join(f"{name}: {result.folder}\n" for name, result in results.items()))
    return folder, content


def _started_from(arm: Arm, results: dict[str, ResultFolder]) -> Arm:
    """Return an arm that starts from another arm's networks with that arm's folder in its settings."""
    if arm.source is None:
        return arm
    training = arm.experiment.training.model_copy(update={"pretrain": str(results[arm.source].folder)})
    return replace(arm, experiment=replace(arm.experiment, training=training))


def run_arms(
    arms: list[Arm],
    data: dict[str, Data],
    workplace_of: Callable[[str], Workplace],
    force: bool,
    references: int | None = None,
) -> dict[str, ResultFolder]:
    """Run the arms that are missing, in one crew of workers; return the results of all.

    Parameters
    ----------
    arms : list of Arm
    data : dict of str to Data
        Data sets that are read already, by their settings; gets those that these arms need.
    workplace_of : callable
    force : bool
    references : int, optional
        Only so many reference models; `fusion run` on an arm adds the others.
    """
    chosen: list[tuple[Arm, Data, ResultFolder]] = []
    for arm in arms:  # all data are read before any feature is extracted: what is missing is told at once
        settings, workplace = arm.experiment.dataset, workplace_of(arm.experiment.dataset.name)
        key = settings.model_dump_json()
        if key not in data:
            data[key] = read_data(settings, workplace)
        chosen.append((arm, data[key], result_of(arm.experiment, data[key], workplace)))
    workplace = workplace_of(arms[0].experiment.dataset.name)  # any will do to say something
    say_versions([result for *_, result in chosen], workplace, "; --force trains again")
    with ExitStack() as locks:
        pending = []
        for arm, own, result in chosen:
            experiment, workplace = arm.experiment, workplace_of(arm.experiment.dataset.name)
            wanted = own.dataset.label_task.references[:references]
            if force or not result.covers(experiment.seeds, wanted):
                prepared = prepare(experiment, trainable(experiment, own), workplace)
                locks.enter_context(result.locked())
                pending.append(to_train(experiment, prepared, result, workplace, force=force, references=wanted))
        complete(pending)
    return {arm.name: result for arm, _, result in chosen}


def summarise_study(study: Study, results: dict[str, ResultFolder], workplaces: dict[str, Workplace]) -> dict[str, Any]:
    """Return the content of study.json.

    Parameters
    ----------
    study : Study
    results : dict of str to ResultFolder
        Finished, by arm.
    workplaces : dict of str to Workplace
        By data set.

    Returns
    -------
    dict
        ``study, question, answered_by, digest, sample, data {name: {folder, rendered}}, arms [{name, digest, dataset,
        protocol, features, model, clips, groups, train, test, references, warnings, seeds}], tests [{arm, before,
        metric, difference, low, high, p, p_holm, se_groups, se_seeds, df}],
        known_groups [{known, unknown, metric, ...}]``.
    """
    arms, steps = [], []
    predictions: dict[str, Predictions] = {}
    for arm in study.arms:
        metrics = results[arm.name].metrics() or {}
        entry = {"name": arm.name, **{key: metrics[key] for key in KEPT}}
        entry |= {key: metrics[key] for key in LATER if key in metrics}
        if set(entry["seeds"]) != set(arm.experiment.seeds):
            found, asked = (", ".join(map(str, seeds)) for seeds in (entry["seeds"], arm.experiment.seeds))
            entry["warnings"] = [
                *entry["warnings"],
                f"other-seeds: {arm.name} has the seeds {found}, asked for: {asked}",
            ]
        trained_by = arm.experiment.identity()
        del trained_by["dataset"]
        alike = hashlib.sha256(json.dumps(trained_by, sort_keys=True).encode()).hexdigest()[:12]
        model = {"model": arm.experiment.model.preset, "trained_by": alike}
        arms.append({**entry, **model, "confusion": metrics.get("confusion")})
        own = predictions[arm.name] = read_predictions(results[arm.name].folder)
        above = [name for name, other in predictions.items() if name != arm.name and same_clips(other, own)]
        before = arm.before or (above[-1] if above else None)
        if before is not None and same_clips(predictions[before], own):
            steps.append((arm.name, before))
        elif before is not None:
            arms[-1]["warnings"] = [
                *arms[-1]["warnings"],
                f"other-clips: {arm.name} has other test clips than {before}, so that the two are not compared",
            ]
    published = {arm.experiment.dataset.name: arm.experiment.dataset.published for arm in study.arms}
    digests = json.dumps([[arm["name"], arm["digest"], arm["seeds"]] for arm in arms])
    return {
        "study": study.name,
        "question": study.question,
        "answered_by": list(study.answered_by),
        "digest": hashlib.sha256(digests.encode()).hexdigest()[:12],
        "sample": any(workplace.sample for workplace in workplaces.values()),
        "data": {
            name: {
                "folder": None if workplace.sample else str(workplace.root),
                "rendered": (workplace.root / "render.json").exists(),
                "published": dict(published[name]),
            }
            for name, workplace in workplaces.items()
        },
        "arms": arms,
        "tests": tested_steps(predictions, steps),
        "known_groups": known_gaps(arms, predictions),
    }
