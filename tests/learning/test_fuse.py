"""Fusions of any origin: what every one has to do, and what is said of those that do not."""

import json
import random
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

from fusion.errors import FusionError
from fusion.learning.fuse import _wrong, fuse, load_fusion
from fusion.learning.model import build_model
from fusion.learning.saved_network import load_model
from fusion.learning.scaling import Moments
from fusion.plugins.registry import FUSIONS, Source, discover
from fusion.settings.model import FusionModel
from fusion.settings.reading import read_experiment, resolve
from tests.support.command import SEARCH, command
from tests.support.notes import SR, tone

ROOT = Path(__file__).parents[2]
SOURCES = discover(FUSIONS, [ROOT / "fusion" / "skeletons" / "fusion"])
NAMES = ["log_mel", "mfcc", "all-vectors"]


def joined(source, names):
    """Return a network of the fusion alone."""
    branches = {name: keras.Input((8,), name=name) for name in names}
    return keras.Model(branches, fuse(source, branches, 5))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("names", [NAMES[:1], NAMES[1:], NAMES], ids=len)
def test_every_fusion_joins_any_number_of_branches_and_learns_from_each(name, names, tmp_path):
    model = joined(SOURCES[name], names)
    random = np.random.default_rng(1)
    values = {name: keras.ops.convert_to_tensor(random.normal(size=(12, 8)).astype(np.float32)) for name in names}
    logits = np.asarray(model(values))
    assert logits.shape == (12, 5)
    for own in names:  # a change of a branch changes what is said, and so gradients reach it
        assert not np.allclose(logits, model({**values, own: -values[own]}), atol=1e-4)
    model.save(tmp_path / "model.keras")
    assert np.allclose(logits, load_model(tmp_path / "model.keras", SOURCES[name])(values), atol=1e-5)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("settings", [{"join": "frames"}, {"sequences": "pooled"}, {"branch_dropout": 0.3}], ids=str)
def test_every_fusion_joins_what_any_setting_makes(name, settings):
    dims = {"mfcc": 8, "mfcc-pooled": 32, "rate": 4}
    scaling = {name: Moments(np.zeros(count), np.ones(count)) for name, count in dims.items()}
    model = FusionModel(fusion=name, conv_filters=(8,), dense_units=(8,), embedding=8, **settings)
    network = build_model(model, {"mfcc": (30, 8), "rate": (4,)}, 5, scaling, SOURCES[name])
    assert network.output.shape == (None, 5)


OWN_LAYER = """
import keras

{decorator}
class Scale(keras.layers.Layer):
    def __init__(self, start, **options):
        super().__init__(**options)
        self.start = start

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer=keras.initializers.Constant(self.start))

    def call(self, x):
        return self.scale * x
{config}

def mine(branches, classes):
    parts = [Scale(0.5, name=f"{{name}}_said")(branch) for name, branch in branches.items()]
    return keras.layers.Dense(classes)(keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0])
"""
DECORATOR = '@keras.saving.register_keras_serializable("mine")'
CONFIG = """
    def get_config(self):
        return {**super().get_config(), "start": self.start}
"""
GOOD = OWN_LAYER.format(decorator=DECORATOR, config=CONFIG)


FORGETFUL = """
import keras

@keras.saving.register_keras_serializable("forgetful")
class Times(keras.layers.Layer):
    def __init__(self, factor=1, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config()

def mine(branches, classes):
    return keras.layers.Dense(classes)(keras.layers.Concatenate()([Times(7)(branch) for branch in branches.values()]))
"""


def write(folder: Path, text: str) -> Source:
    file = folder / "fusions" / "mine.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return discover(FUSIONS, [folder])["mine"]


def body(*lines: str) -> str:
    return "\n".join(["import keras", "def mine(branches, classes):", *(f"    {line}" for line in lines)])


DENSE = "x = keras.layers.Concatenate()(list(branches.values()))"
RETURN = "return keras.layers.Dense(classes)(x)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nowhere", "line 1: the plug-in of fusion 'mine' cannot be imported: ModuleNotFoundError"),
        ("def other(branches, classes): ...", r"defines one function mine\(branches, classes\) .*, found none"),
        (body("1 / 0"), r"mine\.py, line 3: the fusion 'mine' cannot join log_mel \(None, 8\), .*: ZeroDivisionError"),
        ("def mine(): ...", r"cannot join .*: TypeError: mine\(\) takes 0 positional arguments"),
        (body("raise SystemExit(3)"), "line 3: .*SystemExit: 3"),
        (body("return None"), r"should return logits of shape \(None, 5\), .* found NoneType"),
        (body(DENSE, "return keras.layers.Dense(classes + 1)(x)"), r"found \(None, 6\)"),
        (body("x = branches['mfcc']", RETURN), "does not use log_mel, all-vectors: features that"),
        (body("branches.pop('mfcc')", DENSE, RETURN), "does not use mfcc: features that"),
        (
            body("d = keras.layers.Dense", "x = [d(4, name='a')(b) for b in branches.values()]")
            + "\n    x = keras.layers.Add()(x)\n    "
            + RETURN,
            "has two layers called a; put the branch's name into theirs",
        ),
        (body(DENSE, "return keras.layers.Dense(classes, name='probabilities')(x)"), "two layers called probabilities"),
        (
            body(DENSE, "x = keras.layers.Dense(4, name='mfcc_logits')(x)", RETURN),
            r"has a layer mfcc_logits; this ending is for a branch's own logits, \(None, 5\)",
        ),
        *(
            (body(DENSE, f"return {last}"), "ends in .*, a softmax; should return logits")
            for last in (
                "keras.layers.Dense(classes, activation='softmax')(x)",
                "keras.layers.Softmax()(keras.layers.Dense(classes)(x))",
                "keras.ops.softmax(keras.layers.Dense(classes)(x))",
            )
        ),
        (body(DENSE, "x = keras.layers.Lambda(lambda x: 2 * x)(x)", RETURN), "cannot be saved: a Lambda holds code"),
        (OWN_LAYER.format(decorator="", config=CONFIG), r"write @keras\.saving.*above class Scale"),
        (
            OWN_LAYER.format(
                decorator=DECORATOR, config="    def get_config(self):\n        return {'name': self.name}\n"
            ),
            "give Scale a get_config with all that its __init__ takes",
        ),
        (
            FORGETFUL,
            r"is not the same once it was saved and loaded \(other logits\): the get_config of Times lacks something",
        ),
        (
            FORGETFUL.replace("self.factor * x", "self.weight * x")
            .replace("self.factor = factor", "self.weight = self.add_weight(shape=(factor and 8 // factor,))")
            .replace("Times(7)", "Times(8)"),
            r"once it was saved and loaded \(ValueError.*\): the get_config of Times lacks something",
        ),
    ],
)
def test_what_a_stranger_does_wrong_is_told_with_the_file_before_anything_is_trained(text, message, tmp_path):
    with pytest.raises(FusionError, match=message) as error:
        joined(write(tmp_path, text), NAMES)
    assert str(error.value).startswith(str(tmp_path / "fusions" / "mine.py"))


@pytest.fixture
def place(tmp_path, nsynth, monkeypatch):
    """A folder with a plug-in and an experiment that can use it."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "own", GOOD)
    (tmp_path / "x.yaml").write_text(SEARCH + "plugins: [own]\n")
    return tmp_path


def test_a_fusion_is_found_by_name_and_its_text_is_part_of_a_results_identity(place):
    built_in = read_experiment(place / "x.yaml")
    assert (built_in.fusion.name, built_in.plugin_folders()) == ("concat", [])
    assert not [name for name in built_in.identity()["versions"] if "fusion" in name]
    experiment = read_experiment(place / "x.yaml", assignments=["model.fusion=mine"])
    before = experiment.identity()
    assert experiment.plugin_folders() == [str(place / "own")]
    assert before["versions"]["fusion:mine"] == experiment.fusion.fingerprint
    assert resolve(experiment.settings(), {}).identity() == before
    write(place / "own", GOOD + "# changed\n")
    assert experiment.identity() != before


def test_an_unknown_fusion_is_a_mistake_wherever_it_stands(place):
    (place / "x.yaml").write_text(SEARCH.replace("model.dropout: [0.1, 0.2, 0.3]", "model.fusion: [concat, mne, 3]"))
    with pytest.raises(FusionError) as error:
        read_experiment(
            place / "x.yaml", assignments=["model.fusion=min"], plugins=[place / "own", place / "own"], searching=True
        )
    assert "model.fusion: should be one of concat, cross_attention, gated, gated_residual, late, mine, found 'min'" in (
        text := str(error.value)
    )
    assert "did you mean 'mine'?" in text
    with pytest.raises(FusionError, match=r"search\.space\.model\.fusion: .*found 'mne'; did you mean 'mine'\?"):
        read_experiment(place / "x.yaml", plugins=[place / "own"], searching=True)
    with pytest.raises(FusionError) as error:
        read_experiment(place / "x.yaml", assignments=["model.fusion=mine"], plugins=[place / "nowhere"])
    assert str(error.value).count("no such plug-in folder") == 1  # and nothing of a fusion that might be there


@pytest.mark.long
def test_workers_use_a_fusion_with_layers_of_its_own_and_predict_with_it(place, nsynth, monkeypatch):
    words = ["run", "x.yaml", "--data", nsynth, "--set", "model.fusion=mine", "--seeds", "1"]
    folder = place / command(place, *words).stdout.splitlines()[-1]
    soundfile.write(place / "note.wav", tone("bass", 50, 100), SR)
    (found,) = json.loads(command(place, "predict", folder, "note.wav", "--plugins", "own", "--json").stdout)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    monkeypatch.delitem(keras.saving.get_custom_objects(), "mine>Scale", raising=False)
    with pytest.raises(FusionError, match="if these are layers of a fusion of your own, name its plug-in folder"):
        load_model(folder / "seed-1" / "model.keras")


def test_a_search_may_choose_a_plugin(place):
    text = SEARCH.replace("model.dropout: [0.1, 0.2, 0.3]", "model.fusion: [concat, mine]")
    (place / "x.yaml").write_text(f"{text}plugins: [own]\n")
    experiment = read_experiment(place / "x.yaml", searching=True)
    assert (experiment.fusion.name, experiment.plugin_folders()) == ("concat", [str(place / "own")])
    assert resolve(experiment.settings(), {"model.fusion": "mine"}).fusion.file == place / "own" / "fusions" / "mine.py"


def test_looking_whether_it_can_be_saved_draws_nothing(tmp_path):
    source = write(tmp_path, GOOD)
    branches = {name: keras.Input((8,), name=name) for name in NAMES}
    logits = load_fusion(source)(branches, 5)
    random.seed(3)
    before = random.getstate()
    assert _wrong(logits, branches, 5) == ""
    assert random.getstate() == before
