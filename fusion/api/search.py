"""What is asked of a search space: which settings are best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec

if TYPE_CHECKING:
    from fusion.api.tables import Table


def tune(
    spec: Spec,
    *,
    trials: int | None = None,
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
) -> Table:
    """Search the settings that an experiment leaves open, with KerasTuner, by folds of the training clips.

    Parameters
    ----------
    spec : path or dict
        An experiment file with a ``search`` section, or what it holds.
    trials : int, optional
        Settings to try, instead of the experiment's number.
    sample, data, results, cache, features, set, plugins, jobs, cluster, progress
        As for `run`.

    Returns
    -------
    Table
        One row a trial, trial 0 being the settings as they were. ``content["best"]`` is the experiment with the best
        settings, which `run` takes, or None where nothing could be chosen by this process.

    Raises
    ------
    FusionError
        If there is nothing to search, or no trial could be scored.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth"},
    ...     "features": ["zero_crossing_rate"],
    ...     "training": {"epochs": 2},
    ...     "search": {"folds": 2, "space": {"model.dropout": [0.1, 0.3]}},
    ... }
    >>> search = fusion.tune(spec, sample=True, trials=1)
    >>> len(search.table())
    2
    """
    options = Options(sample, data, results, cache, features, set, None, plugins, jobs, progress, cluster)
    experiment = options.experiment(spec, searching=True)
    from fusion.api.tables import Table, trial_rows
    from fusion.search.trials import best as best_of
    from fusion.search.trials import edge_warnings
    from fusion.search.tune import tune as search_settings
    from fusion.settings.document import read

    folder, tried = search_settings(experiment, options.workplace(experiment.dataset.name), trials)
    best = folder / "search" / "best.yaml"
    chosen = experiment.search and best_of(tried, experiment.search.objective)
    content = {
        "experiment": experiment.name,
        "digest": folder.name,
        "search": None if experiment.search is None else experiment.search.model_dump(mode="json"),
        "best": read(best).data if tried and best.exists() else None,
        "trials": [asdict(trial) for trial in tried],
        "warnings": edge_warnings(chosen, experiment.search.space) if experiment.search and chosen else [],
    }
    return Table(folder, content, trial_rows(content))
