"""JAX and PyTorch, where they are installed: the sample's baseline and an arm of a study, to their ends."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.command import command

pytestmark = pytest.mark.long

BASELINE = Path(__file__).parents[2] / "experiments" / "nsynth_mfcc.yaml"

# every layer of fusion's own, and all that a training has beside its network
STUDY = """
question: Do the layers of a fused network work with this backend?
dataset: {name: nsynth, protocol: course}
features: {mfcc: {n_mfcc: 8}, spectral_centroid: {}}
model:
  {conv_filters: [8], dense_units: [8], embedding: 8, auxiliary: 0.3, branch_dropout: 0.4, noise: 0.1, sequences: both}
training: {epochs: 2, batch_size: 16, mixup: 0.2, class_weights: true, weight_decay: 0.01, schedule: plateau}
seeds: [1]
arms:
  late: {model: {fusion: late, time_masking: 0.2, frequency_masking: 0.2, time_pooling: attention}}
  cross: {model: {fusion: cross_attention}}
"""


@pytest.fixture(params=["jax", "torch"])
def backend(request, monkeypatch):
    """The name of a backend, which commands use; the test is skipped where it is not installed."""
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", request.param)
    return request.param


def test_the_baseline_and_a_study_run_to_their_ends(backend, nsynth, tmp_path, monkeypatch):
    words = ("run", BASELINE, "--sample", "--seeds", "1,", "--set", "training.epochs=6", "--json")
    metrics = json.loads(command(tmp_path, *words, cold=True).stdout)
    assert metrics["test"]["accuracy"]["mean"] > 0.3  # the majority class has 0.11
    (folder,) = tmp_path.glob("results/nsynth_mfcc/*")
    environment = json.loads((folder / "environment.json").read_text())
    assert (environment["backend"], environment["device"]) == (backend, "cpu")
    assert environment["libraries"][backend]

    (tmp_path / "layers.yaml").write_text(STUDY)
    command(tmp_path, "run", "layers.yaml", "--data", nsynth, cold=True)
    (study,) = tmp_path.glob("results/layers/*/study.json")
    assert [arm["name"] for arm in json.loads(study.read_text())["arms"]] == ["late", "cross"]

    monkeypatch.delenv("KERAS_BACKEND")  # a saved network is any backend's
    (note,) = sorted(nsynth.glob("nsynth-test/audio/*.wav"))[:1]
    done = command(tmp_path, "predict", folder, note, "--json")
    assert len(json.loads(done.stdout)) == 1
