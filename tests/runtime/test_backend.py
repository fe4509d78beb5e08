"""What a user's own settings of Keras may change: nothing but the backend, by KERAS_BACKEND."""

import os

import pytest

from fusion.errors import FusionError
from fusion.runtime import backend as module
from fusion.runtime import workers
from fusion.runtime.backend import backend
from fusion.runtime.versions import versions
from fusion.runtime.workers import run
from tests.support.warm import COLD

SCRIPT = """
def found(_):
    from keras import config
    names = ("floatx", "epsilon", "image_data_format", "backend", "max_epochs", "max_steps_per_epoch", "is_nnx_enabled")
    return [getattr(config, name)() for name in names]
"""


def test_workers_have_keras_defaults_where_its_file_is_damaged_and_its_switches_are_set(tmp_path, monkeypatch):
    # that a file of other settings changes no number: tests/studies/test_experiment.py
    (tmp_path / "keras.json").write_text("[1]")
    (tmp_path / "tasks.py").write_text(SCRIPT)
    monkeypatch.setattr(workers, "Context", COLD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED"):
        monkeypatch.setenv(name, "1")
    with run([("tasks:found", None)], 1) as ((_, found),):
        pass
    assert found == ["float32", 1e-7, "channels_last", "tensorflow", None, None, False]
    assert (os.environ["KERAS_HOME"], os.environ["KERAS_MAX_EPOCHS"]) == (str(tmp_path), "1")
    assert (tmp_path / "keras.json").read_text() == "[1]"


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name_the_backend_is_tensorflow(monkeypatch, name):
    monkeypatch.delenv("KERAS_BACKEND", raising=False) if name is None else monkeypatch.setenv("KERAS_BACKEND", name)
    assert backend() == "tensorflow"


@pytest.mark.parametrize(
    ("name", "message"),
    [("torhc", "'torhc'; did you mean 'torch'"), ("jax", r"jax is not installed; run pip install 'fusion-mir\[jax\]'")],
)
def test_a_backend_that_is_unknown_or_not_installed_is_one_clear_message(
    monkeypatch, fusion, experiment, nsynth, name, message
):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(FusionError, match=f"^KERAS_BACKEND: .*{message}"):
        backend()
    code, _, err = fusion("run", experiment, "--data", nsynth)
    assert code == 2
    assert "KERAS_BACKEND" in err


def test_the_version_of_another_backend_is_recorded(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: name)
    assert "torch" not in versions()["libraries"]
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert "torch" in versions()["libraries"]
