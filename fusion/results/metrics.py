"""From finished trainings to metrics.json: the tables over all seeds and the figures that they give."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion import evaluate
from fusion.datasets.audit import audit
from fusion.datasets.table import SPLITS, Dataset, Round
from fusion.errors import FusionError
from fusion.prepare import Prepared
from fusion.references import MOST
from fusion.result import Line, Result
from fusion.scorer import Scorer, decide, headline, joined
from fusion.spec import Experiment

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
References = dict[tuple[str, int], dict[str, Line]]


def assemble(
    experiment: Experiment,
    prepared: Prepared,
    result: Result,
    seeds: list[int],
    references: References,
    sample: bool,
) -> dict[str, Any]:
    """Write predictions.csv and history.csv over all seeds, and return the content of metrics.json.

    Parameters
    ----------
    experiment : Experiment
    prepared : Prepared
    result : Result
        All `seeds` are trained.
    seeds : list of int
    references : dict
        What each says of each test clip, by reference and seed.
    sample : bool

    Returns
    -------
    dict
        ``confusion`` has true classes in rows; it is the mean over seeds, so a row adds up to its class' clips. Where
        clips have several labels, there is none.

    Raises
    ------
    FusionError
        If a seed's predictions are for other clips.
    """
    dataset = prepared.data.dataset
    rounds = dataset.rounds()
    folders = {seed: result.trainings(seed) for seed in seeds}
    summaries = [summary for seed in seeds for summary in result.summaries(seed)]
    of_seed = {seed: result.summaries(seed) for seed in seeds}
    tested = np.concatenate([of.test for of in rounds])
    scorer = Scorer(dataset, tested)
    test: list[tuple[Floats, Bools]] = []
    for seed, places in folders.items():
        said = [_read_scores(folder, dataset, of.test) for folder, of in zip(places, rounds, strict=True)]
        chosen = [decide(of, summary.get("threshold")) for of, summary in zip(said, of_seed[seed], strict=True)]
        test.append((np.concatenate(said), np.concatenate(chosen)))
    _write_predictions(result, dataset, rounds, seeds, test)
    _write_history(result, folders)
    counts = scorer.counts(test)
    lines: dict[str, dict[str, Any]] = {}
    ids = list(dataset.table["id"].to_numpy()[tested])
    training_clips = max(len(of.train) for of in rounds)
    for name in dict.fromkeys(name for name, _ in references):
        every = [scorer.said([line[clip] for clip in ids]) for (known, _), line in references.items() if known == name]
        lines[name] = scorer.summarise(scorer.counts(every))
        lines[name]["train_clips"] = min(training_clips, MOST.get(name, training_clips))
    lines |= scorer.constant(lines)
    scores = scorer.summarise(counts)
    parts = {split: dataset.table.loc[np.concatenate([of.clips(split) for of in rounds])] for split in SPLITS}
    found = audit(dataset, prepared.data.duplicates)
    metrics: dict[str, Any] = {
        "experiment": experiment.name,
        "digest": result.folder.name,
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "sample": sample,
        "classes": list(dataset.classes),
        "features": list(experiment.features),
        "seeds": seeds,
        "clips": {split: int(part["id"].nunique()) for split, part in parts.items()},
        "groups": {split: int(part["group"].nunique()) for split, part in parts.items()},
        "class_clips": found["classes"],
        "class_groups": found["class_groups"],
        "shared_groups": found["shared_groups"],
        "duplicates": found["duplicates"],
        "warnings": [
            *_unconverged(summaries, dataset, rounds, experiment.model.activation),
            *_below(scores, lines, headline(dataset.several)),
            *_oracle(experiment),
            *found["warnings"],
        ],
        "seconds": {
            "extract": prepared.seconds,
            "train": sum(summary["seconds"]["train"] for summary in summaries),
            "evaluate": sum(summary["seconds"]["evaluate"] for summary in summaries),
        },
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": _train(dataset, rounds, folders, of_seed),
        "test": {**scores, "per_class": scorer.per_class(counts)},
    }
    if dataset.several:
        metrics["thresholds"] = [summary["threshold"] for summary in summaries]
    else:
        metrics["confusion"] = counts.sum(axis=0).mean(axis=0).tolist()
    return {**metrics, "references": lines}


def _train(
    dataset: Dataset,
    rounds: list[Round],
    folders: dict[int, list[Path]],
    summaries: dict[int, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the figures on the clips that were trained on; of folds all added up, without intervals."""
    counts: NDArray[Any] | int = 0
    for number, of in enumerate(rounds):
        scorer = Scorer(dataset, of.train, whole=len(rounds) > 1)
        said = [
            _training_scores(places[number] / "train.npy", summaries[seed][number].get("threshold"))
            for seed, places in folders.items()
        ]
        counts = counts + scorer.counts(said)
    return scorer.summarise(np.asarray(counts))


def _unconverged(summaries: list[dict[str, Any]], dataset: Dataset, rounds: list[Round], activation: str) -> list[str]:
    warnings = []
    targets = dataset.targets
    for number, summary in enumerate(summaries):
        of = rounds[number % len(rounds)]
        loss = summary["train"]["loss"]  # null: not a number
        loss = float("inf") if loss is None else loss
        why = evaluate.why_not_converged(loss, summary["train"]["accuracy"], targets[of.train], activation)
        if why:
            fold = "" if of.fold is None else f", fold {of.fold}"
            warnings.append(f"did-not-converge: seed {summary['seed']}{fold}: {why}; {summary['cause']}")
    return warnings


def _below(scores: dict[str, Any], lines: dict[str, dict[str, Any]], figure: str) -> list[str]:
    own = scores[figure]["mean"]
    name_of = figure.replace("micro_f1", "micro F1")
    return [
        f"below-reference: the network's {name_of} of {own:.3f} is not above {line[figure]['mean']:.3f}, that of "
        f"{name} on the same clips and features"
        for name, line in lines.items()
        if own <= line[figure]["mean"]
    ]


def _oracle(experiment: Experiment) -> list[str]:
    if experiment.dataset.threshold != "oracle":
        return []
    return ["oracle-threshold: the threshold was chosen on the test clips themselves; nobody can know it before"]


def _read_scores(folder: Path, dataset: Dataset, clips: Ints) -> Floats:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    wanted = list(dataset.table["id"].to_numpy()[clips])
    if header[1:] != list(dataset.classes) or [row[0] for row in rows] != wanted:
        raise FusionError(f"{folder}: its predictions are for other clips; run again with --force")
    return np.array([row[1:] for row in rows], dtype=np.float64)


def _training_scores(path: Path, threshold: float | None) -> tuple[Floats, Bools]:
    scores = np.load(path, allow_pickle=False).astype(np.float64)
    if scores.ndim == 1:
        raise FusionError(f"{path}: written by an older fusion; run again with --force")
    return scores, decide(scores, threshold)


def _write_predictions(
    result: Result, dataset: Dataset, rounds: list[Round], seeds: list[int], test: list[tuple[Floats, Bools]]
) -> None:
    folds = [] if dataset.folds is None else ["fold"]
    rows = []
    for seed, (scores, chosen) in zip(seeds, test, strict=True):
        first = 0
        for of in rounds:
            clips = dataset.table.loc[of.test]
            for place, (clip, group, true) in enumerate(
                zip(clips["id"], clips["group"], clips["labels"], strict=True), start=first
            ):
                said = joined(dataset.classes, chosen[place])
                values = (f"{value:.7g}" for value in scores[place])
                rows.append((clip, group, seed, *([of.fold] if folds else []), true, said, *values))
            first += len(clips)
    result.write_table(
        "predictions.csv", ["clip", "group", "seed", *folds, "true", "predicted", *dataset.classes], rows
    )


def _write_history(result: Result, folders: dict[int, list[Path]]) -> None:
    header: list[str] = []
    rows: list[list[Any]] = []
    for seed, places in folders.items():
        for number, folder in enumerate(places):
            with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
                header, *epochs = csv.reader(file)
            rows += [[seed, *([number] if len(places) > 1 else []), *epoch] for epoch in epochs]
    folds = ["fold"] if any(len(places) > 1 for places in folders.values()) else []
    result.write_table("history.csv", ["seed", *folds, *header], rows)
