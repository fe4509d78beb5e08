"""What plays in sound files, by a result's networks or by an exported one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fusion.api.options import FilePath, Options
from fusion.datasets.own_files import own_sounds
from fusion.runtime.progress import Progress
from fusion.runtime.workers import processors
from fusion.studies.predict import predict
from fusion.studies.prediction import Prediction


def predict_files(
    folder: FilePath,
    files: FilePath | Sequence[FilePath],
    *,
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> tuple[list[Prediction], list[str]]:
    """Return what plays in each file, and why others cannot be used.

    Parameters
    ----------
    folder : path
        Of a result or of an exported network.
    files : path or sequence of path
        Audio of any rate, length and number of channels; of a folder, all sound files below it.
    seeds, plugins, jobs, progress
        As for `fusion.Result.predict`.

    Raises
    ------
    FusionError
        If the networks cannot be used.
    """
    given = [Path(files)] if isinstance(files, (str, os.PathLike)) else [Path(file) for file in files]
    paths = [file for path in given for file in (own_sounds(path, True)[0].values() if path.is_dir() else [path])]
    options = Options(seeds=seeds, jobs=jobs)
    named = [Path(each) for each in plugins]
    jobs = min(processors() if jobs is None else jobs, len(paths))
    with Progress(quiet=not progress).task("predicting", len(paths)) as advance:
        return predict(Path(folder), paths, options.seed_list(), jobs, advance, named, options.cache_folder())
