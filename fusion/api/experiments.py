"""What is asked of an experiment: run it, run its arms as a study, ablate its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec

if TYPE_CHECKING:
    from fusion.api.result import Result
    from fusion.api.tables import Table

# what does the work brings pandas, scikit-learn and matplotlib: it is imported when the experiment is known to be
# right, so that a mistake in a file is told at once


def run(
    spec: Spec,
    *,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    tensorboard: bool = False,
    progress: bool = False,
) -> Result:
    """Extract what is missing, train every seed that is missing, evaluate and report.

    Parameters
    ----------
    spec : path or dict
        An experiment file, or what it holds. One with ``arms`` is for `study`.
    sample : bool
        Use the embedded sample, which proves that everything works and ranks nothing.
    data : path or None
        The data set's folder; None: ``$FUSION_DATA/<name>``, else ``data/<name>``.
    results : path
        Where results go.
    cache : path or None
        Where extracted features are kept; None: ``$FUSION_CACHE``, else ``.fusion/cache``.
    features : sequence of str, optional
        Use these features instead of the experiment's.
    set : dict or sequence of str
        Settings to change, by dotted path, as in ``{"training.epochs": 20}``; applied last.
    seeds : int or sequence of int, optional
        How many random seeds (1 to that number), or which ones.
    plugins : sequence of path
        Folders with plug-ins of your own; their code is run.
    jobs : int, optional
        Processes at once; None: all processors. On a cluster its workers' threads count instead.
    cluster : str, optional
        Address of a Dask scheduler, as ``tcp://host:port``, or its scheduler file: its workers do the work; None:
        ``$FUSION_CLUSTER``, else processes of this machine.
    force : bool
        Train again what is trained.
    tensorboard : bool
        Log trainings for TensorBoard while they run, in ``tensorboard`` of the result's folder.
    progress : bool
        Show progress on stderr.

    Returns
    -------
    Result

    Raises
    ------
    FusionError
        For everything that can be mended, with the text of the command line.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc"],
    ...     "training": {"epochs": 3},
    ... }
    >>> result = fusion.run(spec, sample=True, seeds=1)
    >>> sorted(result.metrics["references"])
    ['boosting', 'lda', 'logistic', 'majority', 'random_forest', 'svm']
    """
    options = Options(sample, data, results, cache, features, set, seeds, plugins, jobs, progress, cluster, tensorboard)
    experiment = options.experiment(spec)
    from fusion.api.result import Result
    from fusion.studies.experiment import run_experiment

    return Result(run_experiment(experiment, options.workplace(experiment.dataset.name), force))


def study(
    spec: Spec,
    *,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    set: Changes = (),
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    paper: bool = False,
    tensorboard: bool = False,
    progress: bool = False,
) -> Table:
    """Run a study: named variations (``arms``) of one experiment, each step tested against the one before.

    Parameters
    ----------
    spec : path or dict
        An experiment file with ``arms``, or what it holds.
    data : path, dict of str to path, or None
        The data set's folder, by name where several are used.
    paper : bool
        Write tables as LaTeX and CSV and plots as PDF, too.
    sample, results, cache, set, seeds, plugins, jobs, cluster, force, tensorboard, progress
        As for `run`; ``set`` changes every arm.

    Returns
    -------
    Table
        One row an arm; ``content`` is what study.json holds.

    Raises
    ------
    FusionError
        For everything that can be mended.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "steps",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc"],
    ...     "training": {"epochs": 2},
    ...     "arms": {"plain": {}, "dropout": {"model": {"dropout": 0.5}}},
    ... }
    >>> outcome = fusion.study(spec, sample=True, seeds=1)
    >>> [test["arm"] for test in outcome.content["tests"]]
    ['dropout']
    """
    options = Options(sample, data, results, cache, None, set, seeds, plugins, jobs, progress, cluster, tensorboard)
    checked = options.study(spec)
    from fusion.api.tables import Table, study_rows
    from fusion.studies.study import run_study

    places = {name: options.workplace(name, checked.datasets) for name in checked.datasets}
    folder, content = run_study(checked, lambda name: places[name], force, paper)
    return Table(folder, content, study_rows(content))


def ablate(
    spec: Spec,
    *,
    mode: str = "leave-one-out",
    trials: int | None = None,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> Table:
    """Run an experiment with subsets of its features, and tell what each of them brings.

    Parameters
    ----------
    spec : path or dict
        An experiment file, or what it holds.
    mode : {"leave-one-out", "only-one", "all", "mask", "sets"}
        Which subsets: each without one, each alone, all, one masked in the test without any training, or those of the
        experiment's ``ablation`` section.
    trials : int, optional
        Search each arm's settings first, with so many trials each.
    sample, data, results, cache, features, set, seeds, plugins, jobs, cluster, force, progress
        As for `run`.

    Returns
    -------
    Table
        One row an arm; ``content`` is what ablation.json holds.

    Raises
    ------
    FusionError
        For everything that can be mended.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc", "zero_crossing_rate"],
    ...     "training": {"epochs": 3},
    ... }
    >>> ablation = fusion.ablate(spec, sample=True, seeds=1)
    >>> [test["without"] for test in ablation.content["tests"]]
    [['zero_crossing_rate'], ['mfcc']]
    """
    options = Options(sample, data, results, cache, features, set, seeds, plugins, jobs, progress, cluster)
    experiment = options.experiment(spec, searching=trials is not None, ablating=True)
    from fusion.api.tables import Table, ablation_rows
    from fusion.studies.ablate import ablate as run_ablation

    workplace = options.workplace(experiment.dataset.name)
    folder, content = run_ablation(experiment, workplace, mode, trials, force)
    return Table(folder, content, ablation_rows(content))
