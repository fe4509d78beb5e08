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

import numpy as np

from fusion.datasets.data import Data, read_data
from fusion.evaluation.effects import holm, paired_difference
from fusion.extraction.prepare import prepare
from fusion.report import study_page as page
from fusion.results.folder import ResultFolder
from fusion.results.predictions import Predictions, read_predictions, same_clips
from fusion.runtime.files import write_json, write_text
from fusion.runtime.workplace import Workplace
from fusion.settings.arms import Arm, Study
from fusion.studies.experiment import result_of
from fusion.studies.work import Work, do

_KEPT = (
    *("digest", "dataset", "protocol", "features", "classes", "seeds", "clips", "groups", "train", "test"),
    *("references", "warnings"),
)


def run_study(
    study: Study, workplace_of: Callable[[str], Workplace], force: bool = False, paper: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Run every arm that is missing, test each step, and report them together.

    Parameters
    ----------
    study : Study
    setting_of : callable
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
    known: dict[str, Data] = {}
    results: dict[str, ResultFolder] = {}
    waiting = list(study.arms)
    while waiting:
        ready = [arm for arm in waiting if arm.source is None or arm.source in results]
        waiting = [arm for arm in waiting if arm not in ready]
        works = [_work(arm, results, known, workplace_of, force) for arm in ready]
        results.update({arm.name: work.result for arm, work in zip(ready, works, strict=True)})
        with ExitStack() as locks:
            missing = [work for work in works if not _complete(work) or force]
            for work in missing:
                work.prepared = prepare(work.experiment, work.data, work.workplace)
                locks.enter_context(work.result.locked())
                work.train(work.experiment.seeds)
            do(missing)
    content = summarise(study, results, {name: workplace_of(name) for name in study.datasets})
    folder = next(iter(results.values())).folder.parent.parent / study.name / content["digest"]
    write_json(folder / "study.json", content)
    folders = {name: result.folder for name, result in results.items()}
    page.write(folder, content, folders, paper)
    names = "".join(f"{name}: {of.folder}\n" for name, of in results.items())
    write_text(folder / "arms.txt", names)
    return folder, content


def _work(
    arm: Arm,
    results: dict[str, ResultFolder],
    known: dict[str, Data],
    workplace_of: Callable[[str], Workplace],
    force: bool,
) -> Work:
    experiment = arm.experiment
    if arm.source:
        training = experiment.training.model_copy(update={"pretrain": str(results[arm.source].folder)})
        experiment = replace(experiment, training=training)
    workplace = workplace_of(experiment.dataset.name)
    key = json.dumps(experiment.dataset.identity(), sort_keys=True)
    if key not in known:
        known[key] = read_data(experiment.dataset, workplace)
    return Work(experiment, known[key], result_of(experiment, known[key], workplace), workplace, force=force)


def _complete(work: Work) -> bool:
    return work.result.covers(work.experiment.seeds, work.references)


def summarise(study: Study, results: dict[str, ResultFolder], settings: dict[str, Workplace]) -> dict[str, Any]:
    """Return the content of study.json.

    Parameters
    ----------
    study : Study
    results : dict of str to ResultFolder
        Finished, by arm.
    settings : dict of str to Workplace
        By data set.

    Returns
    -------
    dict
        ``study, question, digest, sample, data {name: {folder, rendered}}, arms [{name, digest, dataset, protocol,
        features, model, clips, groups, train, test, references, warnings, seeds}], tests [{arm, before, metric,
        difference, low, high, p, p_holm}]``.
    """
    arms, tests = [], []
    said: dict[str, Predictions] = {}
    for arm in study.arms:
        metrics = results[arm.name].metrics() or {}
        entry = {"name": arm.name, **{key: metrics[key] for key in _KEPT}}
        arms.append({**entry, "model": arm.experiment.model.preset, "confusion": metrics.get("confusion")})
        said[arm.name] = read_predictions(results[arm.name].folder)
        above = [name for name in said if name != arm.name and same_clips(said[name], said[arm.name])]
        before = arm.before or (above[-1] if above else None)
        if before is not None and same_clips(said[before], said[arm.name]):
            tests.append({"arm": arm.name, "before": before, **_test(said[before], said[arm.name])})
    for test, p in zip(tests, holm(np.array([test["p"] for test in tests])) if tests else [], strict=True):
        test["p_holm"] = float(p)
    digests = json.dumps([[arm["name"], arm["digest"], arm["seeds"]] for arm in arms])
    return {
        "study": study.name,
        "question": study.question,
        "digest": hashlib.sha256(digests.encode()).hexdigest()[:12],
        "sample": any(workplace.sample for workplace in settings.values()),
        "data": {
            name: {
                "folder": None if workplace.sample else str(workplace.root),
                "rendered": (workplace.root / "render.json").exists(),
            }
            for name, workplace in settings.items()
        },
        "arms": arms,
        "tests": tests,
    }


def _test(before: Predictions, after: Predictions) -> dict[str, Any]:
    truth, metric = after.truth, after.task.headline
    more = np.bincount(truth.groups, after.right() - before.right())
    found = paired_difference(before.counts(), after.counts(), metric.function, truth.strata, more)
    return {"metric": metric.name, **{key: found[key] for key in ("difference", "low", "high", "p")}}
