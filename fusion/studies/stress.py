"""How fast does it get worse? The saved networks of a result on its own test clips, distorted step by step.

Nothing is trained. Distorted clips are the same for every result, and their features stay in the store, so that a test
which was interrupted goes on, and the next result with the same features extracts nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus
from fusion.errors import FusionError, listing
from fusion.evaluation.decisions import decide
from fusion.extraction.graded_windows import GradedWindows, extract_graded
from fusion.extraction.part import Part
from fusion.extraction.windows import Windows, cut_windows
from fusion.learning.jobs import GradedJob
from fusion.report import stress_page
from fusion.result.folder import threshold_of
from fusion.result.looks import record_looks
from fusion.result.predictions import Predictions, read_predictions, refuse_other_clips
from fusion.result.trained import TrainedResult, read_trained
from fusion.runtime.files import replacing
from fusion.runtime.known_json import write_known
from fusion.runtime.tables import read_table
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.sound.grade import Grade
from fusion.studies.graded_predictions import ShiftJob
from fusion.studies.own_data import read_own_data
from fusion.studies.stress_summary import Graded, compare_stress, summarise_stress

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Subject:
    """A result that is tested: its networks, and what they said of its test clips as they are."""

    saved: TrainedResult
    predictions: Predictions

    @property
    def clips(self) -> list[str]:
        """Ids of the test clips, in the order of the predictions."""
        return list(self.predictions.clips)


def run_stress(
    folders: Sequence[Path],
    grades: Sequence[Grade],
    workplace: Workplace,
    root: Path | None = None,
    seeds: Sequence[int] | None = None,
    plugins: Iterable[Path] = (),
) -> tuple[Path, dict[str, Any]]:
    """Test one result, or two side by side, at every grade, and write what came out.

    Parameters
    ----------
    folders : sequence of Path
        One result with its networks, or two on the same test clips.
    grades : sequence of Grade
        Each distortion's from mild to severe.
    workplace : Workplace
        Its root does not matter.
    root : Path, optional
        Where the data are now, if not where they were.
    seeds : sequence of int, optional
        Networks to use instead of all.
    plugins : iterable of Path
        Plug-in folders that the results need.

    Returns
    -------
    Path
        Where ``stress.json``, ``.csv``, ``.png`` and ``.html`` are; of two results these are in the first one's
        folder, with the second's digest in their names.
    dict
        The content of stress.json, or of two results that of the comparison.

    Raises
    ------
    FusionError
        If a result cannot be used, or its data are not there or changed, or two results have other test clips.
    """
    subjects = [_subject(folder, seeds, tuple(plugins)) for folder in folders]
    for other in subjects[1:]:
        refuse_other_clips(subjects[0].predictions, other.predictions)
    outcomes = []
    for subject in subjects:
        graded, looks = _test(subject, grades, workplace, root)
        content = summarise_stress(subject.saved, subject.predictions, graded)
        outcomes.append((subject.predictions, graded, {**content, **looks}))
    folder = subjects[0].saved.result.folder
    if len(outcomes) == 1:
        content = outcomes[0][2]
        _write(folder, "stress", content, [content])
        return folder, content
    comparison = compare_stress(outcomes[0], outcomes[1])
    _write(folder, f"stress-{subjects[1].saved.result.folder.name}", comparison, comparison["results"])
    return folder, comparison


def _subject(folder: Path, seeds: Sequence[int] | None, plugins: tuple[Path, ...]) -> _Subject:
    saved = read_trained(folder, seeds, plugins)
    if "source" in saved.metrics:
        raise FusionError(
            f"{folder}: its networks come from elsewhere; name {saved.metrics['source']['folder']} instead"
        )
    return _Subject(saved, read_predictions(folder).of_seeds(saved.seeds))


def _test(
    subject: _Subject, grades: Sequence[Grade], workplace: Workplace, root: Path | None
) -> tuple[list[Graded], dict[str, int]]:
    """Extract what is missing, ask every network, and count this as a look at the test clips."""
    saved = subject.saved
    advice = "its test clips are needed: name the folder of its data with --data"
    dataset = read_own_data(saved, workplace, root, advice).dataset
    table = dataset.table.set_index("id", drop=False)
    if absent := [clip for clip in subject.clips if clip not in table.index]:
        raise FusionError(f"{saved.result.folder}: its test clips are not in the data any more:\n{listing(absent)}")
    table = table.loc[subject.clips].reset_index(drop=True)
    windows = cut_windows(table, saved.experiment.dataset)
    if windows.damaged:
        raise FusionError(f"{len(windows.damaged)} test clips are damaged:\n{listing(windows.damaged.values())}")
    graded = extract_graded(saved.experiment, windows, grades, workplace)
    outcomes = _ask(subject, windows, graded, workplace)
    tested: Corpus = replace(dataset, table=table.assign(split="test"), folds=None)
    results = saved.result.folder.resolve().parent.parent  # those of this result, wherever the command is run
    looks = record_looks(results, tested, saved.experiment.name, saved.result, saved.seeds, "distorted")
    return outcomes, looks


def _ask(subject: _Subject, windows: Windows, graded: Sequence[GradedWindows], workplace: Workplace) -> list[Graded]:
    """Return what the networks of a result say of its test clips at each grade."""
    saved, predictions = subject.saved, subject.predictions
    classes, repeats = predictions.classes, predictions.repeats
    targets = predictions.truth.targets
    numbers = {clip: number for number, clip in enumerate(subject.clips)}
    shape = (len(saved.seeds) * repeats, len(numbers), len(classes))
    scores = [np.full(shape, np.nan) for _ in graded]
    decisions = [np.zeros(shape, dtype=bool) for _ in graded]
    calls: list[tuple[str, Any]] = []
    rows: dict[GradedJob, list[Ints]] = {}
    for seed, trainings in enumerate([saved.result.trainings(seed) for seed in saved.seeds]):
        for number, folder in enumerate(trainings):
            tested = _tested_clips(folder, numbers)
            parts = [_part(each, windows.clips, targets, tested) for each in graded]
            place = seed * repeats + number // (len(trainings) // repeats)
            common = saved.experiment.dataset.aggregate, saved.experiment.fusion
            job = GradedJob((place, number), folder / "model.keras", classes, tuple(p for p, _ in parts), *common)
            rows[job] = [clips for _, clips in parts]
            calls.append(("fusion.studies.graded_predictions:predict_grades", job))
    everything = np.arange(len(numbers))
    whole = [_part(each, windows.clips, targets, everything) for each in graded]
    for feature in saved.experiment.features:
        bare = tuple(
            (each.kept, replace(part, rows={feature: part.rows[feature]}))
            for each, (part, _) in zip(graded, whole, strict=True)
        )
        calls.append(("fusion.studies.graded_predictions:measure_shift", ShiftJob(feature, bare[0][1], bare[1:])))
    shifts: dict[str, list[float | None]] = {}
    thresholds = {job: threshold_of(job.model.parent) for job in rows}
    progress = workplace.progress.task("asking networks", len(calls))
    with progress as advance, run(calls, workplace.workers, saved.experiment.training.threads) as finished:
        for job, output in finished:
            advance(1)
            if isinstance(job, ShiftJob):
                shifts[job.feature] = output
                continue
            for grade, (clips, values) in enumerate(zip(rows[job], output, strict=True)):
                scores[grade][job.number[0], clips] = values
                decisions[grade][job.number[0], clips] = decide(values, thresholds[job])
    return [
        Graded(
            each.grade,
            np.isin(everything, whole[number][1]),
            values,
            decided,
            {name: shifts[name][number - 1] for name in saved.experiment.features} if number else {},
        )
        for number, (each, values, decided) in enumerate(zip(graded, scores, decisions, strict=True))
    ]


def _tested_clips(training: Path, numbers: dict[str, int]) -> Ints:
    """Return the numbers of the clips that a training was tested on, sorted."""
    ids = read_table(training / "predictions.csv")["clip"]
    return np.sort(np.array([numbers[clip] for clip in ids], dtype=np.int64))


def _part(graded: GradedWindows, clip_of: Ints, targets: NDArray[np.bool_], tested: Ints) -> tuple[Part, Ints]:
    """Return the windows of some clips at a grade as a training takes them, and the clips that have any."""
    own = np.flatnonzero(np.isin(clip_of[graded.kept], tested))
    clips = clip_of[graded.kept[own]]
    left, numbers = np.unique(clips, return_inverse=True)
    rows = {name: values.part(own) for name, values in graded.rows.items()}
    return Part(rows, targets[clips], numbers.ravel().astype(np.int64)), left.astype(np.int64)


def _write(folder: Path, name: str, content: dict[str, Any], results: Sequence[dict[str, Any]]) -> None:
    """Write table, plot and page, and last the JSON file."""
    with replacing(folder / f"{name}.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        features = list(dict.fromkeys(feature for result in results for feature in result["features"]))
        spread = ["change", "change_low", "change_high", "p_holm"]
        head = ["result", "distortion", "level", "unit", "clips", "silent", "mean", "low", "high", *spread]
        writer.writerow([*head, *(f"shift_{feature}" for feature in features)])
        for result in results:
            for kind in result["distortions"]:
                for row in kind["levels"]:
                    change = row["change"] or {}
                    values = [row["mean"], row["low"], row["high"]]
                    values += [change.get(key) for key in ("difference", "low", "high", "p_holm")]
                    values += [row["shift"].get(feature) for feature in features]
                    where = [result["digest"], kind["name"], row["level"], kind["unit"], row["clips"], row["silent"]]
                    writer.writerow([*where, *("" if value is None else f"{value:.6g}" for value in values)])
    stress_page.write(folder, name, content)
    write_known(folder / f"{name}.json", content)
