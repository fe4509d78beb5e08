"""What is asked of the amount of data: what more training groups bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec
from fusion.errors import FusionError

if TYPE_CHECKING:
    from fusion.api.tables import Table


def curve(
    spec: Spec,
    *,
    groups: int | Sequence[int] | None = None,
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
    """Train on fewer groups (instruments, recordings), and tell what doubling their number brings.

    Parameters
    ----------
    spec : path or dict
        An experiment file, or what it holds; with ``arms``, each of them has a curve.
    groups : int or sequence of int, optional
        Numbers of training groups; all of them are a point in any case. None: all, half of them, a quarter and so on.
    sample, data, results, cache, features, set, seeds, plugins, jobs, cluster, force, progress
        As for `run`.

    Returns
    -------
    Table
        One row a point; ``content`` is what curve.json holds.

    Raises
    ------
    FusionError
        For everything that can be mended.

    Notes
    -----
    Points have the same test and validation clips. Fewer groups are among more of them, and every class is there, with
    about its share of groups; ``dataset.subset_seed`` chooses others. Each point is an ordinary result, with the same
    number of epochs, so fewer groups mean fewer steps.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "irmas", "protocol": "single"},
    ...     "features": ["zero_crossing_rate"],
    ...     "training": {"epochs": 2},
    ... }
    >>> curve = fusion.curve(spec, groups=[11], sample=True, seeds=1)
    >>> curve.table()["groups"].tolist()
    [11, 53]
    """
    if groups is not None:
        wanted = groups = [groups] if isinstance(groups, int) else list(groups)
        shown = f"--groups {','.join(map(str, wanted))}"
        if not wanted or not all(type(size) is int and size > 0 for size in wanted):
            raise FusionError(f"{shown}: should be numbers of training groups, as in 9,18,36")
        if len(wanted) > len({*wanted}):
            raise FusionError(f"{shown}: each number once")
    options = Options(sample, data, results, cache, features, set, seeds, plugins, jobs, progress, cluster)
    study = options.arms(spec)
    from fusion.api.tables import Table, curve_rows
    from fusion.studies.curve import run_curve

    places = {name: options.workplace(name, study.datasets) for name in study.datasets}
    folder, content = run_curve(study, lambda name: places[name], groups, force)
    return Table(folder, content, curve_rows(content))
