"""What plays in these files: the saved networks of a result on any audio.

Each file is cut into windows as the test clips of the result were (of NSynth, whose clips are one window, half of one
apart); the last window ends with the file. One window is in memory at a time. A window's probabilities are the mean of
the networks'; a file's are put together from its windows' as the result's were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.evaluation.aggregate import Aggregate
from fusion.extraction.column import compute
from fusion.extraction.compiled import compile_first, compiled_in
from fusion.extraction.windows import window_starts
from fusion.feature.contract import Feature
from fusion.feature.registry import build
from fusion.plugins.registry import Source
from fusion.result.exported import is_exported, load_onnx, read_exported
from fusion.result.trained import read_trained
from fusion.runtime.files import content_hash
from fusion.runtime.progress import Advance
from fusion.runtime.workers import run
from fusion.runtime.workplace import DEFAULT_CACHE
from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError, audio_duration, read_audio
from fusion.studies.prediction import Prediction

SHORTEST = 0.1  # seconds of sound that are worth a guess


@dataclass(frozen=True)
class _Task:
    path: Path
    models: tuple[Path, ...]
    features: tuple[tuple[str, Source, str], ...]
    classes: tuple[str, ...]
    samples: int
    sr: int
    hop: float
    how: Aggregate
    threshold: float | None
    fusion: Source | None = None


def predict(
    folder: Path,
    paths: Sequence[Path],
    seeds: Sequence[int] | None = None,
    jobs: int = 1,
    advance: Advance | None = None,
    plugins: Iterable[Path] = (),
    cache: Path = DEFAULT_CACHE,
) -> tuple[list[Prediction], list[str]]:
    """Apply a result's networks to audio files.

    Parameters
    ----------
    folder : Path
        A result folder, or an exported network, which needs no Keras.
    paths : sequence of Path
        Audio files of any rate, length and number of channels.
    seeds : sequence of int, optional
        Networks to use instead of all.
    jobs : int
        Files at once.
    advance : callable, optional
        Called with a number of files done.
    plugins : iterable of Path
        Plug-in folders that the networks need.
    cache : Path
        Where compiled functions are kept.

    Returns
    -------
    predictions : list of Prediction
        In the order of the files.
    problems : list of str
        Why the others could not be used.

    Raises
    ------
    FusionError
        If the folder is neither, lacks its networks, or was made with other versions of its features.
    """
    exported = is_exported(folder)
    if exported and seeds is not None:
        raise FusionError(f"{folder}: an exported network is one; choose its seed when you export it")
    saved = read_exported(folder, plugins) if exported else read_trained(folder, seeds, plugins)
    experiment = saved.experiment
    features = tuple(
        (name, experiment.sources[name], feature.model_dump_json()) for name, feature in experiment.features.items()
    )
    settings = experiment.dataset
    common = (
        saved.models,
        features,
        saved.classes,
        settings.samples,
        settings.sr,
        settings.hop,
        settings.aggregate,
        saved.threshold,
    )
    tasks = [_Task(path, *common, experiment.fusion) for path in paths]
    found: dict[int, Prediction | str] = {
        number: f"{path}: {'not a file' if path.exists() else 'missing'}"
        for number, path in enumerate(paths)
        if not path.is_file()
    }
    numbers = {id(task): number for number, task in enumerate(tasks)}
    there = [("fusion.studies.predict:predict_file", task) for task in tasks if task.path.is_file()]
    here = nullcontext((task, predict_file(task)) for _, task in there)
    with compiled_in(cache), ExitStack() as crew:
        if min(jobs, len(there)) > 1:
            compile_first([(source, text, settings.samples, settings.sr) for _, source, text in features], cache)
        # without Keras a process of its own would take longer than the file
        alone = exported and min(jobs, len(there)) == 1
        finished = crew.enter_context(here if alone else run(there, jobs))
        for task, prediction in finished:
            found[numbers[id(task)]] = prediction
            if advance:
                advance(1)
    ordered = [found[number] for number in range(len(tasks))]
    return (
        [prediction for prediction in ordered if isinstance(prediction, Prediction)],
        [problem for problem in ordered if isinstance(problem, str)],
    )


def predict_file(task: _Task) -> Prediction | str:
    """Return the prediction for one file, or why there is none; runs in a worker process."""
    features = [(name, build(source, parameters)) for name, source, parameters in task.features]
    shapes = tuple((name, feature.shape(task.samples, task.sr)) for name, feature in features)
    networks = [_load(path, content_hash(path), task.fusion, task.classes, shapes) for path in task.models]
    starts: list[float] = []
    windows: list[NDArray[np.float32]] = []
    distances: list[float | None] = []
    peak = 0.0
    try:
        for start, clip in _windows(task):
            starts.append(start)
            peak = max(peak, float(np.abs(clip.y).max()))
            said, distance = _apply(networks, features, clip, task)
            windows.append(said)
            distances.append(distance)
    except (DamagedError, FusionError) as error:  # or a feature of one's own fails on it: the others go on
        return f"{task.path}: {error}"
    if not peak:
        return f"{task.path}: silent, there is nothing to recognise"
    known = [distance for distance in distances if distance is not None]
    distance = float(np.mean(known)) if known else None
    return Prediction(
        task.path, task.classes, tuple(starts), np.stack(windows), task.how, peak, distance, task.threshold
    )


def _windows(task: _Task) -> Iterator[tuple[float, Clip]]:
    length = task.samples / task.sr
    duration = audio_duration(task.path)
    if duration < SHORTEST:
        raise DamagedError(f"{duration:.3f} s is too short, {SHORTEST:g} s are needed")
    for start in window_starts(max(duration, length), length, task.hop):
        y = read_audio(task.path, task.sr, start, min(length, duration - start))
        padded = np.zeros(task.samples, dtype=np.float32)
        padded[: min(len(y), task.samples)] = y[: task.samples]
        yield start, Clip(padded, task.sr, path=task.path)


def _apply(
    networks: Sequence[tuple[Any, Any]], features: Sequence[tuple[str, Feature]], clip: Clip, task: _Task
) -> tuple[NDArray[np.float32], float | None]:
    """Return probabilities of a window, and its distance from the training clips; both the mean of the networks."""
    values = {}
    for name, feature in features:
        value = compute(name, feature, clip, feature.shape(task.samples, task.sr), str(task.path))
        values[name] = value[np.newaxis]
    said, distances = [], []
    for network, known in networks:
        outputs = network(values, training=False)
        said.append(np.asarray(outputs[0] if known else outputs)[0])
        if known:
            from fusion.learning.familiarity import embeddings_of

            distances.append(float(known.distances(embeddings_of(outputs))[0]) / known.threshold)
    return np.asarray(np.mean(said, axis=0), dtype=np.float32), float(np.mean(distances)) if distances else None


@lru_cache(maxsize=64)
def _load(
    path: Path,
    content: str,  # a folder may be exported anew while a notebook runs
    fusion: Source | None,
    classes: tuple[str, ...],
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
) -> tuple[Any, Any]:
    """Return a network, and what it knows of its training clips: then it gives what its last layer reads, too."""
    if path.suffix == ".onnx":
        return load_onnx(path, dict(shapes), classes), None
    from fusion.learning.familiarity import FILE, read, with_embeddings
    from fusion.learning.saved_network import load_model

    model, known = load_model(path, fusion, classes), read(path.parent / FILE)
    return (with_embeddings(model) if known else model), known
