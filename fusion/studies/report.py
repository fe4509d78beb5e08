"""Statistics and pages of finished results, studies and ablations anew, from the tables that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.datasets.cautions import FEW_GROUPS
from fusion.errors import FusionError, telling_damage
from fusion.plugins.registry import DATASETS, discover
from fusion.report import result_page, stress_page, study_page
from fusion.result.checksums import refuse_changed
from fusion.result.clip_files import read_clip_files
from fusion.result.folder import ResultFolder
from fusion.result.looks import most_looks
from fusion.result.predictions import read_predictions
from fusion.result.recompute import recomputed
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.names import is_file_name
from fusion.settings.dataset import load
from fusion.studies.ablate import write_ablation
from fusion.studies.ablation_summary import AblationArm, arm_warnings, summarise_ablation
from fusion.studies.steps import known_gaps, tested_steps
from fusion.studies.study import KEPT, LATER, OWN

_OLD = "its interval was of an older method, and its arms are not here"
_AGAIN = "run the command again that made it"
_PAGE = ("history.csv", "environment.json", "spec.yaml")  # what a page is made of beside metrics.json


def report(folder: Path) -> list[str]:
    """Compute the statistics of a folder anew and write its pages: a result with its ablation, or a study.

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
        with telling_damage(folder / "study.json", _AGAIN):
            _study(folder)
        return []
    with telling_damage(folder / "metrics.json", _AGAIN):
        _result(folder)
    for path in [*folder.glob("stress.json"), *folder.glob("stress-*.json")]:
        with telling_damage(path, _AGAIN):
            stress_page.write(folder, path.stem, _read(path))
    if not (folder / "ablation.json").is_file():
        return []
    with telling_damage(folder / "ablation.json", _AGAIN):
        return _ablation(folder)


def _result(folder: Path) -> None:
    result = ResultFolder(folder)
    with result.locked():
        metrics = recomputed(folder, FEW_GROUPS)
        refuse_changed(folder, *_PAGE)
        if all((folder / name).is_file() for name in _PAGE):
            with telling_damage(folder / "environment.json", _AGAIN):
                dict(result.environment()["libraries"])
            result_page.write(folder, metrics, read_clip_files(result, metrics))
        write_known(folder / "metrics.json", metrics)


def _study(folder: Path) -> None:
    """Write study.json and its page anew, with its arms' metrics as they are now."""
    content = _read(folder / "study.json")
    beside = folder.parent.parent
    results, predictions = {}, {}
    for arm in content["arms"]:
        name = arm["name"]
        results[name] = beside / _name(f"{content['study']}.{name}") / _name(arm["digest"])
        _result(results[name])
        metrics = ResultFolder(results[name]).finished()
        if metrics["seeds"] != arm["seeds"]:
            raise FusionError(f"{results[name]}: has got other seeds since this study; run the study again")
        told = [text for text in arm["warnings"] if text.startswith(OWN)]
        arm |= {key: metrics[key] for key in KEPT} | {key: metrics[key] for key in LATER if key in metrics}
        arm["warnings"] = [*arm["warnings"], *told]
        predictions[name] = read_predictions(results[name])
    content["tests"] = tested_steps(predictions, [(test["arm"], test["before"]) for test in content["tests"]])
    content["known_groups"] = known_gaps(content["arms"], predictions)
    installed = discover(DATASETS)
    for name in content["data"].keys() & installed:  # an older fusion did not write it
        content["data"][name].setdefault("published", dict(load(installed[name]).published))
    if all((result / "history.csv").is_file() for result in results.values()):
        study_page.write(folder, content, results)
    write_known(folder / "study.json", content)


def _ablation(folder: Path) -> list[str]:
    """Write ablation.json and its plots anew; where its arms are not there, without intervals of an older method."""
    path = folder / "ablation.json"
    ablation = _read(path)
    if ablation.get("mode") == "mask":
        write_ablation(folder, ablation)
        return [
            f"{path}: its page alone is anew; masked features are asked of the networks, by `fusion ablate --mode mask`"
        ]
    arms: dict[tuple[str, ...], AblationArm] = {}
    for arm in ablation["arms"]:
        features = tuple(arm["features"])
        result = folder.parent / _name(arm["digest"])
        if not (result / "predictions.csv").is_file():
            if "df" not in ablation["arms"][0]:
                write_ablation(folder, _without_intervals(ablation))
            return [f"{path}: not anew, the arm {' + '.join(features)} is not there; run `fusion ablate` again"]
        predictions = read_predictions(result)
        seeds = ablation.get("seeds", predictions.seeds[: len(arm["per_seed"])])  # a result may have got more since
        arms[features] = AblationArm(features, result, predictions.of_seeds(seeds))
    kept = {key: ablation[key] for key in ("experiment", "digest", "trials")}
    kept |= most_looks(ResultFolder(arm.folder).finished() for arm in arms.values() if arm.folder)
    named = ablation.get("feature_groups") or {name: [name] for name in max(arms, key=len)}
    groups = {name: tuple(features) for name, features in named.items()}
    content = summarise_ablation(ablation["mode"], groups, arms)
    content["warnings"] += arm_warnings(arms)
    write_ablation(folder, {**content, **kept})
    return []


def _without_intervals(ablation: dict[str, Any]) -> dict[str, Any]:
    """Return an ablation of an older fusion without its intervals and tests, which are of another method."""
    unknown = {**dict.fromkeys(("low", "high", "se_groups", "se_seeds", "df")), "why": _OLD}
    no_test = unknown | {"p": None, "p_holm": None}
    return {
        **ablation,
        "arms": [{**arm, **unknown} for arm in ablation["arms"]],
        "tests": [{**test, **no_test} for test in ablation["tests"]],
        "shapley": {name: {**share, **no_test} for name, share in ablation["shapley"].items()},
    }


def _name(text: object) -> str:
    """Return a folder's name as a file of results has it, which must not lead elsewhere."""
    if not isinstance(text, str) or not is_file_name(text):
        raise FusionError(f"{text!r}: no name of a result's folder; run the command again that made this file")
    return text


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_known(path)
    except ValueError as error:
        raise FusionError(f"{path}: {error}; {_AGAIN}") from None
