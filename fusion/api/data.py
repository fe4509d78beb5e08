"""What is asked of a data set before anything is trained: audit it, and fill the feature store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec
from fusion.audit.check import check_data
from fusion.datasets.data import read_data
from fusion.datasets.overview import overview
from fusion.extraction.prepare import prepare
from fusion.report.audit_page import write_audit
from fusion.runtime.workplace import Workplace
from fusion.settings.datasets import DatasetSettings
from fusion.studies.experiment import result_of


def check(
    spec: Spec,
    *,
    quick: bool = False,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> tuple[Path, dict[str, Any], str]:
    """Audit an experiment's data, every file of it, and train nothing.

    Parameters
    ----------
    spec : path or dict
    quick : bool
        Names, labels, groups and identical files alone; decode no sound and write nothing.
    sample, data, results, cache, features, set, plugins, jobs, progress
        As for `fusion.run`.

    Returns
    -------
    Path
        Folder of the page and of audit.json.
    dict
        What was found.
    str
        What a group is called in this data set, in the plural.

    Raises
    ------
    FusionError
        If the data set cannot be read.
    """
    options = Options(sample, data, results, cache, features, set, None, plugins, jobs, progress)
    experiment = options.experiment(spec)
    workplace = options.workplace(experiment.dataset.name)
    found = read_data(experiment.dataset, workplace)
    folder = result_of(experiment, found, workplace).folder
    if quick:
        return folder, overview(found.dataset, found.duplicates), found.dataset.group_noun
    report = check_data(found, experiment.dataset, workplace)
    write_audit(folder, report, found.dataset.group_noun)
    return folder, report, found.dataset.group_noun


def check_fetched(settings: DatasetSettings, workplace: Workplace) -> tuple[dict[str, Any], str]:
    """Audit a data set that was fetched, and write the page into its own folder.

    Returns
    -------
    dict
        What was found.
    str
        What a group is called in this data set, in the plural.
    """
    found = read_data(settings, workplace)
    report = check_data(found, settings, workplace)
    write_audit(workplace.root, report, found.dataset.group_noun)
    return report, found.dataset.group_noun


def fill_store(
    spec: Spec,
    *,
    sample: bool = False,
    data: Folders = None,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Extract the features of an experiment, as far as they are not stored yet, and do nothing else.

    Parameters
    ----------
    spec : path or dict
    sample, data, cache, features, set, plugins, jobs, progress
        As for `run`.

    Returns
    -------
    dict
        ``computed {feature: clips}``, ``seconds``, ``folder``.

    Raises
    ------
    FusionError
        For everything that can be mended.
    """
    options = Options(sample, data, RESULTS, cache, features, set, None, plugins, jobs, progress)
    experiment = options.experiment(spec)
    workplace = options.workplace(experiment.dataset.name)
    prepared = prepare(experiment, read_data(experiment.dataset, workplace), workplace)
    folder = workplace.cache / "features" / experiment.dataset.name
    return {"computed": prepared.computed, "seconds": prepared.seconds, "folder": str(folder)}
