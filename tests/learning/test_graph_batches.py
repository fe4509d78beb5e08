"""A whole epoch inside one graph: the same batches to the last bit, and so the same network."""

from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest

from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning import graph_batches
from fusion.learning.batches import Batches
from fusion.learning.fit import fit
from fusion.learning.jobs import TrainingJob
from fusion.settings.model import FusionModel
from fusion.settings.training import TrainingSettings

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends read batches otherwise")

CLIPS, VARIANTS = 50, 3


@pytest.fixture(params=["held", "read"], autouse=True)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where batches come from: memory, or the files as they are asked for."""
    if request.param == "read":
        monkeypatch.setattr(graph_batches, "MOST_BYTES", 0)
    return str(request.param)


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Return clips of a sequence and a vector, with variants."""
    random = np.random.default_rng(0)
    rows = {}
    for name, shape in (("series", (10, 4)), ("vector", (6,))):
        path = tmp_path / f"{name}.npy"
        np.save(path, random.normal(size=(CLIPS * VARIANTS, *shape)).astype(np.float32))
        places = np.column_stack([np.zeros(CLIPS * VARIANTS, int), np.arange(CLIPS * VARIANTS)]).astype(np.int32)
        rows[name] = Rows((path,), places, shape)
    targets = np.tile(np.eye(3, dtype=bool)[random.integers(3, size=CLIPS)], (VARIANTS, 1))
    return Part(rows, targets, np.arange(CLIPS))


@pytest.mark.parametrize("mixup", [0.0, 0.4])
@pytest.mark.parametrize("weights", [None, np.array([0.5, 1, 3], dtype=np.float32)])
def test_batches_are_the_same_to_the_last_bit_epoch_after_epoch(
    part: Part, mixup: float, weights: np.ndarray | None
) -> None:
    plain, graph = (Batches(part, 16, seed=3, mixup=mixup, outputs=("a", "b"), weights=weights) for _ in range(2))
    pipeline = iter(graph_batches.in_graph(graph, forever=True).as_numpy_iterator())
    for _ in range(3):
        plain.on_epoch_begin()
        for number in range(len(plain)):
            for expected, given in zip(plain[number], next(pipeline), strict=True):
                assert expected.keys() == given.keys()
                for name in expected:
                    np.testing.assert_array_equal(given[name], expected[name], strict=True)


def test_what_validates_is_read_once_in_its_order(part: Part) -> None:
    batches = Batches(part, 16)
    given = [values["vector"] for values, _ in graph_batches.in_graph(batches, forever=False).as_numpy_iterator()]
    np.testing.assert_array_equal(np.concatenate(given), part.rows["vector"].take(np.arange(CLIPS)))
    again = graph_batches.in_graph(batches, forever=False)
    assert len(list(islice(again, 10))) == len(batches)


def test_data_of_more_than_so_many_bytes_are_not_held(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    monkeypatch.setattr(graph_batches, "_held", lambda *given: held.append(given))
    size = 4 * CLIPS * VARIANTS * (40 + 6)
    for most, times in ((size, 1), (size - 1, 1)):
        monkeypatch.setattr(graph_batches, "MOST_BYTES", most)
        graph_batches.in_graph(Batches(part, 16), forever=False)
        assert len(held) == times


def test_the_network_is_the_same_to_the_last_bit(part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of batches which Keras asks for one by one, as other backends do."""
    settings = TrainingSettings(epochs=3, batch_size=16, learning_rate=0.01, mixup=0.3, patience=2)
    model = FusionModel(conv_filters=(8,), dense_units=(8,), embedding=8)
    parts = dict.fromkeys(("train", "validation", "test"), part)
    job = TrainingJob(tmp_path / "s", 1, model, settings, ("a", "b", "c"), parts, tuple(map(str, range(CLIPS))), {})
    trained = []
    for in_graph in (graph_batches.in_graph, lambda batches, forever: batches):
        monkeypatch.setattr(graph_batches, "in_graph", in_graph)
        keras.utils.set_random_seed(1)
        trained.append(fit(job))
    assert trained[0].history.epochs == trained[1].history.epochs
    for one, other in zip(trained[0].get_weights(), trained[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
