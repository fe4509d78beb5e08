"""How does it grow with the training groups? The same experiment, or the arms of a study, with fewer of them.

::

    <result of all groups>/curve.json           of one experiment; curve.csv, curve.html, curve.png
    results/<study>/<digest>/curve.json         of a study

Every point is an ordinary result, of ``dataset.train_groups``, so points that were run are not run again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusion.datasets.corpus import Corpus
from fusion.datasets.data import Data, read_data
from fusion.datasets.groups import fewest_groups
from fusion.errors import FusionError
from fusion.evaluation.learning_curve import ENOUGH_POINTS
from fusion.report import curve_page
from fusion.result.predictions import read_predictions
from fusion.runtime.files import replacing
from fusion.runtime.known_json import write_known
from fusion.runtime.workplace import Workplace
from fusion.settings.arms import Arm, Study
from fusion.studies.curve_summary import CurvePoint, summarise_curve
from fusion.studies.experiment import trainable
from fusion.studies.study import run_arms

_MOST = 5  # points, unless they are named


def run_curve(
    study: Study,
    workplace_of: Callable[[str], Workplace],
    groups: Sequence[int] | None = None,
    force: bool = False,
) -> tuple[Path, dict[str, Any]]:
    """Run every point that is missing, and write what came out.

    Parameters
    ----------
    study : Study
        Or one experiment, as a study of one arm.
    workplace_of : callable
        Gives the workplace for a data set's name.
    groups : sequence of int, optional
        Numbers of training groups; all of them are a point in any case. None: all, half of them, a quarter and so on.
    force : bool
        Train every point again.

    Returns
    -------
    Path
        Where the files are.
    dict
        The content of curve.json.

    Raises
    ------
    FusionError
        For everything that the user can mend.
    """
    data: dict[str, Data] = {}
    sizes: dict[str, list[int]] = {}
    for arm in study.arms:
        settings = arm.experiment.dataset
        if arm.source is not None:
            raise FusionError(
                f"arms.{arm.name}: starts from the networks of {arm.source}, which know all its groups, so its own "
                "number of groups would say little; leave the arm out of the curve's file"
            )
        key = settings.model_dump_json()
        if key not in data:
            data[key] = read_data(settings, workplace_of(settings.name))
        corpus = trainable(arm.experiment, data[key]).dataset
        sizes[arm.name] = _sizes(arm.name, corpus, groups, settings.subset_seed)
    points = {
        arm.name: {size: _point(arm, None if size == own[-1] else size) for size in reversed(own)}
        for arm, own in zip(study.arms, sizes.values(), strict=True)
    }
    results = run_arms([point for own in points.values() for point in own.values()], data, workplace_of, force, 1)
    curve = summarise_curve(
        study.name,
        {
            name: [_outcome(size, own[size], results[own[size].name].folder) for size in sizes[name]]
            for name, own in points.items()
        },
    )
    folder = results[next(iter(points.values()))[next(iter(sizes.values()))[-1]].name].folder
    if folder.parent.name != study.name:  # of several arms, a folder of their own
        folder = folder.parent.parent / study.name / curve["digest"]
    _write_table(folder / "curve.csv", curve)
    curve_page.write(folder, curve)
    write_known(folder / "curve.json", curve)
    return folder, curve


def _sizes(name: str, dataset: Corpus, wanted: Sequence[int] | None, seed: int) -> list[int]:
    """Return the numbers of training groups of an arm's points, rising; the last is all of them.

    Raises
    ------
    FusionError
        If some cannot be.
    """
    trained = [dataset.table.loc[fold.train, ["group", "labels"]] for fold in dataset.each_fold()]
    everything = round(float(np.mean([clips["group"].nunique() for clips in trained])))
    least = max(fewest_groups(clips, seed) for clips in trained)
    chosen = _halves(everything, least) if wanted is None else list(wanted)
    of = f"{name} ({dataset.name}, protocol {dataset.protocol}) has {everything} training groups of "
    of += f"{len(dataset.classes)} classes"
    for size in chosen:
        if not least <= size <= everything:
            raise FusionError(f"--groups {size}: {of}; take {least}, so that each class is there, to {everything}")
    if len({*chosen, everything}) < 2:
        raise FusionError(f"{of}, and fewer would not have every class: there is no curve")
    return sorted({*chosen, everything})


def _halves(everything: int, fewest: int) -> list[int]:
    """Return all groups, half of them and so on to two of a class; to one, or in smaller steps, where these are few.

    Parameters
    ----------
    everything : int
        All groups.
    fewest : int
        So many that each class is there.
    """
    for step, least in ((1.0, 2 * fewest), (1.0, fewest), (0.5, fewest)):
        sizes = [round(everything / 2 ** (step * number)) for number in range(_MOST)]
        chosen = [size for size in sizes if size >= least]
        if len(chosen) >= ENOUGH_POINTS:
            break
    return chosen


def _point(arm: Arm, groups: int | None) -> Arm:
    """Return an arm that trains on so many groups; on all, it is the arm itself, by whatever seed they were chosen."""
    settings = arm.experiment.dataset
    if groups is not None:
        settings = settings.model_copy(update={"train_groups": groups})
    elif settings.train_groups is None:
        settings = settings.model_copy(update={"subset_seed": type(settings).model_fields["subset_seed"].default})
    return Arm(f"{arm.name} {groups}", replace(arm.experiment, dataset=settings), None, None)


def _outcome(groups: int, point: Arm, folder: Path) -> CurvePoint:
    return CurvePoint(groups, folder, read_predictions(folder).of_seeds(point.experiment.seeds))


def _write_table(path: Path, curve: dict[str, Any]) -> None:
    """Write curve.csv: one row a point."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["arm", "groups", "clips", "mean", "low", "high", "std", "digest"])
        for arm in curve["arms"]:
            for point in arm["points"]:
                values = ["" if point[key] is None else f"{point[key]:.6f}" for key in ("mean", "low", "high", "std")]
                writer.writerow([arm["name"], point["groups"], point["clips"], *values, point["digest"]])
