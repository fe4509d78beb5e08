"""What is asked of a data set before anything is trained: audit it, and fill the feature store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec
from fusion.audit.check import check_data
from fusion.datasets.data import of_train_groups, read_data
from fusion.datasets.joined import named_sources
from fusion.datasets.overview import overview
from fusion.errors import FusionError
from fusion.extraction.prepare import prepare
from fusion.plugins.registry import DATASETS, discover
from fusion.report.audit_page import write_audit
from fusion.runtime.workplace import Workplace
from fusion.settings.dataset import DatasetSettings, load
from fusion.studies.experiment import result_of, trainable


@dataclass(frozen=True)
class Audit:
    """What a check of a data set found.

    Attributes
    ----------
    folder : Path
        Where its page belongs.
    report : dict
        All of it, as check.json has it.
    group_noun : str
        What a group is called in this data set, in the plural.
    """

    folder: Path
    report: dict[str, Any]
    group_noun: str

    def write(self) -> None:
        """Write check.html, check.json and check.png.

        Raises
        ------
        FusionError
            After a quick check, which has no levels and no findings to show.
        """
        if "levels" not in self.report:
            raise FusionError("this check was quick, and a page needs what the sound is like: check with quick=False")
        write_audit(self.folder, self.report, self.group_noun)


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
    cluster: str | None = None,
    progress: bool = False,
) -> Audit:
    """Audit an experiment's data, every file of it, and train nothing.

    Parameters
    ----------
    spec : path or dict
    quick : bool
        Names, labels, groups and identical files alone; decode no sound.
    sample, data, results, cache, features, set, plugins, jobs, cluster, progress
        As for `fusion.run`.

    Returns
    -------
    Audit

    Raises
    ------
    FusionError
        If the data set cannot be read.
    """
    options = Options(sample, data, results, cache, features, set, None, plugins, jobs, progress, cluster)
    experiment = options.experiment(spec)
    workplace = options.workplace(experiment.dataset.name)
    whole = of_train_groups(read_data(experiment.dataset, workplace), experiment.dataset)
    folder = result_of(experiment, whole, workplace).folder
    if quick:
        return Audit(folder, overview(whole.dataset, whole.duplicates), whole.dataset.group_noun)
    return Audit(folder, check_data(whole, experiment.dataset, workplace), whole.dataset.group_noun)


def join(folders: Sequence[str], out: FilePath) -> dict[str, Any]:
    """Put data of several sources into one data set, each clip's source kept: notes in NSynth's layout.

    Parameters
    ----------
    folders : sequence of str
        ``DIR``, whose last part is the source's name, or ``NAME=DIR``.
    out : path
        New folder.

    Returns
    -------
    dict
        By source: ``notes`` and ``instruments`` by part, ``families``, ``folder``.

    Raises
    ------
    FusionError
        If a source is none or incomplete, or `out` holds something.
    """
    sources = named_sources(folders)
    for source in discover(DATASETS).values():
        joined = load(source).join(sources, Path(out))
        if joined is not None:
            return joined
    if absent := [str(folder) for folder in sources.values() if not folder.is_dir()]:
        raise FusionError(f"{', '.join(absent)}: no such folder")
    raise FusionError(
        f"{', '.join(folders)}: no source of notes, so there is nothing to join; one has parts, folders that end in "
        "-train, -valid or -test, with examples.json and audio"
    )


def check_fetched(settings: DatasetSettings, workplace: Workplace) -> Audit:
    """Audit a data set that was fetched; its page belongs into its own folder."""
    whole = read_data(settings, workplace)
    return Audit(workplace.root, check_data(whole, settings, workplace), whole.dataset.group_noun)


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
    cluster: str | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Extract the features of an experiment, as far as they are not stored yet, and do nothing else.

    Parameters
    ----------
    spec : path or dict
    sample, data, cache, features, set, plugins, jobs, cluster, progress
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
    options = Options(sample, data, RESULTS, cache, features, set, None, plugins, jobs, progress, cluster)
    experiment = options.experiment(spec)
    workplace = options.workplace(experiment.dataset.name)
    whole = trainable(experiment, read_data(experiment.dataset, workplace))
    prepared = prepare(experiment, whole, workplace)
    folder = workplace.cache / "features" / experiment.dataset.name
    return {"computed": prepared.computed, "seconds": prepared.seconds, "folder": str(folder)}
