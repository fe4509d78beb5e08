"""What `import fusion` offers: the same as the command line, with the same texts, printing nothing unless asked."""

import inspect
import json
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

import fusion
from fusion.api import data as api_data
from fusion.api.options import Options
from fusion.api.predictions import predict_files
from fusion.api.tables import Table
from fusion.cli import app
from fusion.cli import data as data_commands
from fusion.errors import FusionError
from fusion.runtime.known_json import read_known
from tests.support.command import TRAINED
from tests.support.notes import SR, tone

NAMES = ["run", "study", "load", "ablate", "curve", "tune", "compare", "recompute", "results", "extract", "features"]
NAMES += ["check", "new", "plot_feature", "predict", "side_by_side", "stress"]
NAMES += ["Result"]
NAMES += ["Archive", "FileParameter"]
NAMES += ["Feature", "SeriesFeature", "SpectralFeature", "Clip", "Dataset", "frame_count", "FusionError"]


def test_the_names_are_few_and_all_there():
    assert sorted(NAMES) == sorted(set(fusion.__all__) - {"__version__"}) == sorted(set(dir(fusion)) - {"__version__"})
    for name in NAMES:
        assert getattr(fusion, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fusion.nothing


def test_importing_it_imports_nothing_else():
    code = "import sys, fusion; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"keras", "tensorflow", "librosa", "numpy", "pandas", "matplotlib", "pydantic"} & set(modules)


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_name_every_parameter(name):
    value = getattr(fusion, name)
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters
        text = value.__doc__.split("Parameters\n")[1]
        assert [key for key in parameters if not any(key in line for line in text.splitlines())] == []


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("run", fusion.run),
        ("ablate", fusion.ablate),
        ("curve", fusion.curve),
        ("tune", fusion.tune),
        ("extract", api_data.fill_store),
        ("features", fusion.features),
        ("new", fusion.new),
        ("compare", fusion.compare),
        ("check", api_data.check),
        ("evaluate", fusion.Result.evaluate),
        ("predict", fusion.predict),
        ("export", fusion.Result.export),
        ("stress", fusion.stress),
    ],
)
def test_no_option_can_do_what_a_keyword_cannot(command, function):
    commands = {each.name or each.callback.__name__: each for each in app.app.registered_commands}
    commands |= {each.name or each.callback.__name__: each for each in data_commands.app.registered_commands}
    callback = commands[command].callback
    own_words = {
        "experiment": "spec",
        "audio": "files",
        "quiet": "progress",
    }  # arguments; how it is printed is no keyword
    own_words |= {"stress": {}, "predict": {"result": "folder"}}.get(command, {"result": "self"})
    own_words |= {"form": "format", "seed": "seeds"} if command == "export" else {}
    shown = {"as_csv", "as_json", "debug"}
    wanted = {own_words.get(name, name) for name in inspect.signature(callback).parameters if name not in shown}
    wanted -= {"paper"} if command == "run" else set()  # of a study, which has a function of its own
    # of `fusion.plot_feature`, whose keywords are the feature's parameters, and which returns the figure
    wanted -= {"plot", "out", "set"} if command == "features" else set()
    assert wanted <= set(inspect.signature(function).parameters)


def test_a_folder_that_holds_just_one_result_is_loaded_by_its_name(result, tmp_path):
    shutil.copytree(result, tmp_path / "small" / result.name, ignore=shutil.ignore_patterns("seed-*"))
    assert fusion.load(tmp_path / "small").folder == tmp_path / "small" / result.name


def test_a_result_of_the_command_line_is_one_in_python(place, result, nsynth, monkeypatch, capfd):
    monkeypatch.chdir(place)
    before = (result / "metrics.json").stat().st_mtime_ns
    found = fusion.run("small.yaml", data=nsynth)
    assert found == fusion.Result(result.relative_to(place))
    assert (result / "metrics.json").stat().st_mtime_ns == before
    assert found.metrics == read_known(result / "metrics.json")
    assert found.warnings == found.metrics["warnings"]
    assert capfd.readouterr() == ("", "")


def test_a_dict_is_an_experiment_as_its_file_is(place, result, nsynth, monkeypatch):
    monkeypatch.chdir(place)
    found = fusion.run({"name": "small", **yaml.safe_load(TRAINED)}, data={"nsynth": nsynth})
    assert found == fusion.Result(result.relative_to(place))
    assert fusion.run(found.spec, data=nsynth) == found


def test_keywords_change_what_options_change(nsynth):
    options = Options(set={"training.epochs": 3}, features=["mfcc"], seeds=2)
    experiment = options.experiment({"name": "x", **yaml.safe_load(TRAINED)})
    assert (experiment.training.epochs, list(experiment.features), experiment.seeds) == (3, ["mfcc"], (1, 2))
    assert Options(set=["training.epochs=3"]).assignments() == Options(set={"training.epochs": 3}).assignments()


def test_what_can_be_read_once_alone_is_not_lost():
    options = Options(features=iter(["mfcc"]), plugins=map(Path, ["own"]), seeds=iter([4]), set=iter(["a=1"]))
    assert (options.features, options.plugins, options.seeds, options.set) == (["mfcc"], [Path("own")], [4], ["a=1"])


def test_a_study_has_a_function_of_its_own(tmp_path, nsynth):
    arms = {"name": "x", **yaml.safe_load(TRAINED), "arms": {"a": {}}}
    with pytest.raises(fusion.FusionError, match=r"has arms, so it is a study.*fusion\.study"):
        fusion.run(arms)
    with pytest.raises(fusion.FusionError, match="has no arms"):
        fusion.study({"name": "x", **yaml.safe_load(TRAINED)})
    assert set(inspect.signature(fusion.study).parameters) >= {"paper", "force", "data", "set", "seeds"}


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"features": "mfcc"}, r"features='mfcc': should be a list, as in features=\['mfcc'\]"),
        ({"plugins": "own"}, "plugins='own': should be a list"),
        ({"plugins": None}, "plugins=None: should be a list"),
        ({"set": None}, "set=None: should be a list"),
        ({"set": "training.epochs=3"}, "set='training.epochs=3': should be a list"),
        ({"set": {"training.pretrain": Path("x")}}, "should hold texts, numbers, lists and mappings"),
        ({"seeds": 2.0}, "seeds=2.0: should be a whole number"),
        ({"seeds": 0}, "--seeds 0: a number of seeds goes from 1 to 1000"),
        ({"jobs": 0}, "jobs=0: should be a whole number from 1 up"),
        ({"jobs": True}, "jobs=True: should be a whole number from 1 up"),
        ({"seeds": [True]}, "seeds=True: should be a whole number"),
        ({"features": [["mfcc"]]}, "features=.*: should be a list of names of features"),
        ({"set": [3]}, r"set=\[3\]: should be a list of texts"),
        ({"plugins": [1]}, r"plugins=\[1\]: should be a list of paths"),
        ({"data": ["snd"]}, r"data=\['snd'\]: should be the path of a folder"),
        ({"data": {"nsynth": 3}}, "data=3: should be the path of a folder"),
        ({"results": 3}, "results=3: should be the path of a folder"),
    ],
)
def test_wrong_keywords_are_errors_that_say_so(keywords, text):
    with pytest.raises(fusion.FusionError, match=text):
        fusion.run({"name": "x", **yaml.safe_load(TRAINED)}, **keywords)
    with pytest.raises(fusion.FusionError, match="an experiment is a file or a dict, found NoneType"):
        fusion.run(None)


def test_an_empty_folder_has_no_results_but_the_columns(tmp_path):
    assert len(fusion.results(tmp_path)) == 0
    assert "digest" in fusion.results(tmp_path)


@pytest.mark.parametrize(
    ("words", "call", "text"),
    [
        (["run", "no.yaml"], lambda: fusion.run("no.yaml"), "no.yaml: cannot read this experiment file"),
        (["evaluate", "no"], lambda: fusion.load("no"), "no: no such folder"),
        (["compare", "no", "no"], lambda: fusion.compare("no", "no"), "no: no such folder"),
    ],
)
def test_errors_have_the_text_of_the_command_line(fusion, words, call, text):
    code, _, err = fusion(*words)
    with pytest.raises(Exception, match=text) as raised:
        call()
    assert (code, err) == (2, f"error: {raised.value}\n")


def test_what_a_result_can_do(place, result, nsynth, tmp_path, monkeypatch):
    monkeypatch.chdir(place)
    found = fusion.load(result)
    predictions = found.predictions()
    assert list(predictions.columns[:5]) == ["clip", "group", "seed", "true", "predicted"]
    right = (predictions["true"] == predictions["predicted"]).groupby(predictions["seed"]).mean()
    assert list(right) == pytest.approx(found.metrics["test"]["accuracy"]["per_seed"])
    confusion = found.confusion()
    assert list(confusion.index) == list(confusion.columns) == found.metrics["classes"]
    soundfile.write(tmp_path / "note.wav", tone("flute", 60, 100), SR)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        said = found.predict(tmp_path / "note.wav", jobs=1)
    (prediction,), _ = predict_files(found.folder, tmp_path / "note.wav", jobs=1)
    assert [str(each.message) for each in told if each.category is UserWarning] == prediction.cautions
    y = 1000 * tone("flute", 60, 100)
    soundfile.write(tmp_path / "loud.wav", y.astype(np.float32), SR, subtype="FLOAT")
    with pytest.warns(UserWarning, match="over full scale"):
        found.predict(tmp_path / "loud.wav", jobs=1)
    assert said["file"].tolist() == [str(tmp_path / "note.wav")]
    assert said[found.metrics["classes"]].sum(axis=1).tolist() == pytest.approx([1], abs=1e-5)
    axes = found.plot_confusion()
    assert [label.get_text() for label in axes.get_xticklabels()] == found.metrics["classes"]
    assert found.plot_confusion(ax=axes) is axes
    before = (result / "report.html").read_bytes()
    assert found.report().read_bytes() == before
    assert "network" in found._repr_html_()
    assert "SVM (RBF)" in str(found)
    listed = fusion.results("results")
    own = listed[listed["digest"] == found.folder.name]  # other tests may have run the same experiment otherwise
    assert own["mean"].tolist() == [found.metrics["test"]["accuracy"]["mean"]]


def test_two_results_are_compared_the_first_minus_the_second(result, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("metrics.json", "spec.yaml", "environment.json"):
        (other / name).write_bytes((result / name).read_bytes())
    table = pd.read_csv(result / "predictions.csv", dtype=str, keep_default_na=False)
    table["predicted"] = "bass"
    table.to_csv(other / "predictions.csv", index=False)
    found = fusion.compare(result, other)
    assert isinstance(found, Table)
    accuracy = found.content["accuracy"]
    assert accuracy["second"] == pytest.approx(1 / 3)
    assert accuracy["difference"] == pytest.approx(accuracy["first"] - accuracy["second"])
    assert accuracy["difference"] > 0.3
    assert found.table()["metric"].tolist() == ["accuracy", "macro_f1"]


def test_a_folder_with_several_results_is_an_error_that_lists_them(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text("{}")
    with pytest.raises(fusion.FusionError, match=r"(?s)holds 2 results.*/a\n.*/b"):
        fusion.load(tmp_path)


def test_features_of_an_array_are_those_of_the_registry():
    y = np.sin(2 * np.pi * 440 * np.arange(SR) / SR)
    centroid = fusion.extract("spectral_centroid", y, SR, statistics=None)
    assert (centroid.shape, centroid.dtype) == ((32, 1), np.float32)
    assert float(np.median(centroid)) == pytest.approx(440, rel=0.02)
    assert set(fusion.features()["name"]) >= {"mfcc", "tonnetz"}
    defaults = fusion.features("mfcc").set_index("name")["default"]
    assert repr([defaults["n_mfcc"], defaults["fmax"]]) == "[20, None]"
    few = fusion.extract("mfcc", y, SR, n_mfcc=np.int64(5))
    assert few.shape[1] == 5


@pytest.mark.parametrize(
    ("name", "y", "parameters", "text"),
    [
        ("mfc", np.zeros(100), {}, "no such feature; did you mean 'mfcc'"),
        ("mfcc", np.zeros(100), {"n_mfc": 3}, "feature mfcc: n_mfc"),
        ("mfcc", np.zeros((2, 100)), {}, "feature mfcc: "),
        ("mfcc", [float("nan")], {}, "feature mfcc: "),
        ("mfcc", "text", {}, "feature mfcc: "),
        ("mfcc", np.zeros(100, dtype=np.int16), {}, "found int16; divide 16-bit samples by 32768"),
        ("mfcc", np.zeros(100, dtype=complex), {}, "found complex128"),
    ],
)
def test_what_cannot_be_extracted_is_an_error(name, y, parameters, text):
    with pytest.raises(fusion.FusionError, match=text):
        fusion.extract(name, y, SR, **parameters)


@pytest.mark.long
def test_a_script_needs_no_main_guard(place, nsynth, tmp_path):
    """Workers do not run the script that started them again."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
            import fusion
            print("once")
            spec = {{"name": "guardless", "dataset": {{"name": "nsynth", "protocol": "course"}}, "features": ["mfcc"],
                     "model": {{"conv_filters": [8], "dense_units": [8]}}, "training": {{"epochs": 1}}, "seeds": [1]}}
            print(len(fusion.run(spec, data={str(nsynth)!r}, jobs=2).predictions()))
        """)
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.split()) == (0, ["once", "24"]), done.stderr


@pytest.mark.long
def test_the_shipped_types_hold_for_a_user(tmp_path):
    """A type checker sees the names of `fusion`, with their types (py.typed)."""
    mypy = pytest.importorskip("mypy.api")
    script = tmp_path / "user.py"
    script.write_text(
        "import fusion\n\n"
        "result = fusion.run('x')\n"
        "reveal_type(result.metrics)\n"
        "reveal_type(fusion.extract)\n"
        "fusion.run('x.yaml', sampel=True)\n"
    )
    root = Path(fusion.__file__).parents[1]
    out, _, code = mypy.run([str(script), "--config-file", str(root / "pyproject.toml"), "--no-incremental"])
    assert code == 1
    assert 'Revealed type is "builtins.dict[builtins.str, Any]"' in out.replace(
        "dict[str, Any]", "builtins.dict[builtins.str, Any]"
    )
    assert 'Unexpected keyword argument "sampel"' in out


@pytest.mark.parametrize("classes", [True, ["one"], None])
def test_a_confusion_matrix_without_its_classes_is_damaged(tmp_path, classes):
    (tmp_path / "metrics.json").write_text(json.dumps({"confusion": [[1, 0], [0, 1]], "classes": classes}))
    with pytest.raises(FusionError, match=r"metrics\.json: damaged"):
        fusion.load(tmp_path).confusion()
    with pytest.raises(FusionError, match=r"metrics\.json: damaged"):
        fusion.load(tmp_path).table()


@pytest.mark.parametrize("tuning", [440.0, -0.6])
def test_a_tuning_in_hertz_is_refused_and_gives_no_zeros(tuning):
    with pytest.raises(FusionError, match="tuning"):
        fusion.extract("tonnetz", np.ones(16000), 16000, tuning=tuning)
