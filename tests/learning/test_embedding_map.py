"""Where test clips lie on the axes along which what a network hears varies most."""

import numpy as np
import pytest

from fusion.extraction.part import Part
from fusion.learning import embedding_map


def part(labels, windows=1, several=()):
    targets = np.eye(3, dtype=bool)[labels]
    targets[list(several)] = True
    return Part({}, np.repeat(targets, windows, axis=0), np.repeat(np.arange(len(labels)), windows))


def written(heard, test, folder):
    embedding_map.write(heard.astype(np.float32), test, folder / "map.npz")
    with np.load(folder / "map.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file}


def test_a_clip_lies_where_its_windows_are_on_average_and_several_labels_are_told(tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(40) % 3
    flat = np.zeros((40, 5))
    flat[:, :2] = random.normal(size=(40, 2)) * [4, 2]
    windows = np.repeat(flat, 2, axis=0) + np.tile([[0.5], [-0.5]], (40, 5))
    found = written(windows, part(labels, 2, several=[7]), tmp_path)
    assert found["points"].dtype == np.float16
    assert np.abs(found["points"]).max() == 1
    centred = flat[:, :2] - flat[:, :2].mean(axis=0)
    distances = np.linalg.norm(centred[:, None] - centred, axis=2)
    drawn = np.linalg.norm(found["points"][:, None].astype(float) - found["points"], axis=2)
    np.testing.assert_allclose(drawn / drawn.max(), distances / distances.max(), atol=2e-3)
    assert found["labels"].tolist() == [-1 if number == 7 else label for number, label in enumerate(labels)]
    assert found["shares"].sum() == pytest.approx(1)


def test_of_many_clips_some_are_kept_the_same_every_time(tmp_path):
    heard = np.random.default_rng(0).normal(size=(7000, 4))
    test = part(np.arange(7000) % 3)
    first, again = written(heard, test, tmp_path), written(heard, test, tmp_path)
    assert len(first["clips"]) == 3000
    assert (first["clips"][0], first["clips"][-1]) == (0, 6999)
    np.testing.assert_array_equal(first["points"], again["points"])
    assert (tmp_path / "map.npz").stat().st_size < 25_000


@pytest.mark.parametrize("heard", [np.full((9, 4), np.nan), np.ones((9, 4)), np.ones((9, 1)), np.eye(2, 4)])
def test_where_there_is_nothing_to_see_nothing_is_written(heard, tmp_path):
    embedding_map.write(heard.astype(np.float32), part(np.arange(len(heard)) % 3), tmp_path / "map.npz")
    assert not (tmp_path / "map.npz").exists()
