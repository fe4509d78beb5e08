"""Statistics and pages of finished results, studies and ablations anew, from the tables that are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fusion.datasets.cautions import FEW_GROUPS
from fusion.errors import FusionError
from fusion.report import result_page, study_page
from fusion.result.folder import ResultFolder
from fusion.result.predictions import read_predictions
from fusion.result.recompute import recomputed
from fusion.runtime.files import write_json
from fusion.studies.ablate import write_ablation
from fusion.studies.ablation_summary import AblationArm, summarise_ablation
from fusion.studies.steps import known_gaps, tested_steps
from fusion.studies.study import KEPT, LATER


def report(folder: Path) -> list[str]:
    """Compute the statistics of a folder anew and write its page: a result with its ablation, or a study.

    Parameters
    ----------
    folder : Path
        A result, or a study, whose arms lie beside it.

    Returns
    -------
    list of str
        What could not be done, and why.

    Raises
    ------
    FusionError
        If it is neither, or its tables are damaged.
    """
    if (folder / "study.json").is_file():
        _study(folder)
        return []
    metrics = recomputed(folder, FEW_GROUPS)
    if (folder / "history.csv").is_file():
        result_page.write(folder, metrics)
    write_json(folder / "metrics.json", metrics)
    return _ablation(folder) if (folder / "ablation.json").is_file() else []


def _study(folder: Path) -> None:
    """Write study.json and its page anew, with its arms' metrics as they are now."""
    content = _read(folder / "study.json")
    results = folder.parent.parent
    arms = {arm["name"]: results / f"{content['study']}.{arm['name']}" / arm["digest"] for arm in content["arms"]}
    for arm in content["arms"]:
        report(arms[arm["name"]])
        metrics = ResultFolder(arms[arm["name"]]).finished()
        arm |= {key: metrics[key] for key in KEPT} | {key: metrics[key] for key in LATER if key in metrics}
    predictions = {name: read_predictions(result) for name, result in arms.items()}
    content["tests"] = tested_steps(predictions, [(test["arm"], test["before"]) for test in content["tests"]])
    content["known_groups"] = known_gaps(content["arms"], predictions)
    study_page.write(folder, content, arms)
    write_json(folder / "study.json", content)


def _ablation(folder: Path) -> list[str]:
    """Write ablation.json and its plots anew; say why where its arms are not there."""
    path = folder / "ablation.json"
    ablation = _read(path)
    arms: dict[tuple[str, ...], AblationArm] = {}
    for arm in ablation["arms"]:
        result, features = folder.parent / str(arm["digest"]), tuple(arm["features"])
        if not (result / "predictions.csv").is_file():
            return [f"{path}: left as it is, the arm {' + '.join(features)} is not there; run `fusion ablate` again"]
        predictions = read_predictions(result)
        seeds = predictions.seeds[: len(arm["per_seed"])]  # a result may have got more since
        arms[features] = AblationArm(features, result, predictions.of_seeds(seeds))
    kept = {key: ablation[key] for key in ("experiment", "digest", "trials")}
    write_ablation(folder, {**summarise_ablation(ablation["mode"], max(arms, key=len), arms), **kept})
    return []


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FusionError(
            f"{path}: not valid JSON ({error}); delete it and run the command again that made it"
        ) from None
    return content
