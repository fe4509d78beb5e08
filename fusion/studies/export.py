"""A result's network taken elsewhere: one folder with all that is needed to use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

from fusion.errors import FusionError, did_you_mean
from fusion.learning.jobs import ExportFormat, ExportJob
from fusion.report.card import card
from fusion.result.exported import NETWORKS, PREPROCESSING
from fusion.result.trained import TrainedResult, read_trained
from fusion.runtime.files import content_hashes_in, replacing, write_text
from fusion.runtime.known_json import write_known
from fusion.runtime.versions import VERSION
from fusion.runtime.workers import run
from fusion.settings.experiment import Experiment

_IN_FUSION = "lambda y, sr: fusion.extract({!r}, y, sr{}, **{!r})"
_USE = "It takes a dict of these features, each `(clips, ...)`, and gives `(clips, classes)` probabilities."
_USES = {
    "onnx": "`python example.py FILE` predicts a sound file; `fusion predict . FILE` does, too.",
    "keras": "With fusion installed, `import fusion.learning.layers` and `keras.models.load_model('model.keras')`. "
    + _USE,
}


def export(
    folder: Path, out: Path, form: ExportFormat, seeds: Sequence[int] | None = None, plugins: Iterable[Path] = ()
) -> Path:
    """Write a folder with the mean of a result's networks, and return it.

    Parameters
    ----------
    folder : Path
        A result folder with its networks.
    out : Path
        Made, or replaced if it is an export.
    form : {"onnx", "keras", "saved-model", "litert"}
    seeds : sequence of int, optional
        Networks to use instead of all.
    plugins : iterable of Path
        Plug-in folders that the networks need.

    Raises
    ------
    FusionError
        If the networks cannot be used or exported, or the folder holds something else.
    """
    if form not in NETWORKS:
        raise FusionError(f"--format {form}: should be one of {', '.join(NETWORKS)}{did_you_mean(form, NETWORKS)}")
    if out.exists() and not (out / PREPROCESSING).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise FusionError(f"{out}: is there already and no export; name another folder with --out")
    saved = read_trained(folder, seeds, plugins)
    experiment = saved.experiment
    with ExitStack() as stack:
        if saved.result.folder.resolve() in out.resolve().parents:
            stack.enter_context(saved.result.locked())  # another run would take what is half made for left behind
        temporary = stack.enter_context(replacing(out))
        temporary.mkdir()
        job = ExportJob(saved.models, temporary / NETWORKS[form], form, saved.classes, experiment.fusion)
        with run([("fusion.learning.export:export_network", job)], 1) as finished:
            list(finished)
        write_text(temporary / "spec.yaml", (folder / "spec.yaml").read_text("utf-8"))
        hashes = {"files": content_hashes_in(temporary)}
        write_known(temporary / PREPROCESSING, {**_preprocessing(saved, form), **hashes})
        parameters = {name: feature.model_dump(mode="json") for name, feature in experiment.features.items()}
        about = card(saved.metrics, parameters, len(saved.models), _licence(saved), _USES.get(form, _USE))
        write_text(temporary / "README.md", about)
        if form == "onnx":
            write_text(temporary / "example.py", _example(experiment))
    return out


def _licence(saved: TrainedResult) -> str:
    """Return the licence of the sounds: of the sample, of the data set's own, or empty for other renders."""
    if saved.metrics["sample"]:
        return "MIT; rendered from the SoundFont Fluid (R3) GM by Frank Wen"
    return "" if saved.metrics.get("rendered") else getattr(saved.experiment.dataset, "licence", "")


def _preprocessing(saved: TrainedResult, form: str) -> dict[str, Any]:
    """Return what a program needs to know that uses the network."""
    experiment, metrics = saved.experiment, saved.metrics
    dataset, versions, shapes = experiment.dataset, experiment.versions(), experiment.shapes()
    return {
        "made_by": f"fusion {VERSION}",
        "experiment": metrics["experiment"],
        "digest": metrics["digest"],
        "seeds": list(saved.seeds),
        "format": form,
        "network": NETWORKS[form],
        "sr": dataset.sr,
        "samples": dataset.samples,
        "hop": dataset.hop,
        "aggregate": dataset.aggregate,
        "features": {
            name: {
                "version": versions[name],
                "shape": list(shapes[name]),
                "parameters": feature.model_dump(mode="json"),
            }
            for name, feature in experiment.features.items()
        },
        "classes": metrics["classes"],
        "several_labels": dataset.several_labels,
        "threshold": saved.threshold,
    }


def _example(experiment: Experiment) -> str:
    """Return a program that predicts a file by librosa; a feature that librosa does not have comes from fusion."""
    template = Path(str(files("fusion") / "skeletons" / "export" / "example.py")).read_text("utf-8")
    entries = []
    for name, feature in experiment.features.items():
        same = "" if getattr(feature, "active_db", None) is not None else feature.in_librosa()
        parameters = feature.model_dump(mode="json")
        source = experiment.sources[name]
        plugins = f", plugins=[{str(source.folder)!r}]" if source.file else ""  # the folder of whoever exports
        ours = _IN_FUSION.format(name, plugins, parameters)
        entries.append(f"    {name!r}: {f'lambda y, sr: {same}' if same else ours},\n")
    text = template.replace("FEATURES: Features = {}\n", "FEATURES: Features = {\n" + "".join(entries) + "}\n")
    if "fusion.extract(" in text:
        text = text.replace("pip install numpy librosa onnxruntime", "pip install fusion-mir onnxruntime")
        text = text.replace("import librosa\n", "import fusion\nimport librosa\n")
    return text
