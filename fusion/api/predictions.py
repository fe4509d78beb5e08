"""What plays in sound files, by a result's networks or by an exported one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fusion.api.options import FilePath, Options
from fusion.datasets.own_files import own_sounds
from fusion.errors import FusionError
from fusion.result.exported import is_exported
from fusion.runtime.progress import Progress
from fusion.runtime.workers import processors
from fusion.studies import predict as study
from fusion.studies.prediction import Prediction


def predict(
    folder: FilePath,
    files: FilePath | Sequence[FilePath],
    *,
    engine: str | None = None,
    seeds: int | Sequence[int] | None = None,
    timeline: bool = False,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Return what plays in audio files.

    Parameters
    ----------
    folder : path
        Of a result, or above the only one, or of an exported network, which needs no Keras.
    files : path or sequence of path
        Audio of any rate, length and number of channels; of a folder, all sound files below it.
    engine : {"keras", "onnx"}, optional
        What the networks are run by: the folder has to be a result, or an exported network; None: whichever it is.
    seeds : int or sequence of int, optional
        Networks of a result to use, instead of the mean of all: those of so many random seeds, or of these.
    timeline : bool
        One row a window instead of one a file.
    plugins : sequence of path
        Plug-in folders that the networks need; those that a result names may be a stranger's and are not used.
    jobs : int, optional
        Files at once.
    progress : bool
        Show progress on stderr.

    Returns
    -------
    DataFrame
        file, start (seconds; with `timeline`), one probability column a class.

    Raises
    ------
    FusionError
        If the networks cannot be used, or a file cannot; the message names every such file.

    Warns
    -----
    UserWarning
        For each file that is unlike what the networks learnt, or that is over full scale.

    Examples
    --------
    >>> import fusion
    >>> fusion.predict("elsewhere", "note.wav", engine="onnx")
    Traceback (most recent call last):
        ...
    fusion.errors.FusionError: --engine onnx: elsewhere is no exported network; `fusion export` writes one
    """
    predictions, problems = predict_files(
        folder, files, engine=engine, seeds=seeds, plugins=plugins, jobs=jobs, progress=progress
    )
    if problems:
        raise FusionError("\n".join(problems))
    for caution in (caution for prediction in predictions for caution in prediction.cautions):
        warnings.warn(caution, stacklevel=2)
    rows = [
        {"file": str(prediction.path), **start, **dict(zip(prediction.classes, map(float, values), strict=True))}
        for prediction in predictions
        for start, values in prediction.rows(timeline)
    ]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["file"])


def predict_files(
    folder: FilePath,
    files: FilePath | Sequence[FilePath],
    *,
    engine: str | None = None,
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> tuple[list[Prediction], list[str]]:
    """Return what plays in each file as objects with all windows, and why others cannot be used.

    Parameters
    ----------
    folder, files, engine, seeds, plugins, jobs, progress
        As for `predict`.

    Raises
    ------
    FusionError
        If the networks cannot be used.
    """
    exported = is_exported(Path(folder))
    if engine not in (None, "onnx", "keras"):
        raise FusionError(f"--engine {engine}: should be onnx, for exported networks, or keras, for results")
    if engine not in (None, "onnx" if exported else "keras"):
        what = "an exported network, for onnx" if exported else "no exported network; `fusion export` writes one"
        raise FusionError(f"--engine {engine}: {folder} is {what}")
    if not exported:
        from fusion.api.results import load

        folder = load(folder).folder
    given = [Path(files)] if isinstance(files, (str, os.PathLike)) else [Path(file) for file in files]
    paths: list[Path] = []
    left_out: list[str] = []
    for path in given:
        if path.is_dir():
            sounds, undecodable = own_sounds(path, skip=True)
            paths += sounds.values()
            left_out += [f"{path / name}: this format cannot be decoded; convert it" for name in undecodable]
        else:
            paths.append(path)
    options = Options(seeds=seeds, jobs=jobs)
    named = [Path(each) for each in plugins]
    jobs = min(processors() if jobs is None else jobs, len(paths))
    with Progress(quiet=not progress).task("predicting", len(paths)) as advance:
        predictions, problems = study.predict(
            Path(folder), paths, options.seed_list(), jobs, advance, named, options.cache_folder()
        )
    return predictions, [*left_out, *problems]
