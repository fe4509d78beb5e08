"""The map of test clips and the spread of features on a result's page."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.errors import FusionError
from fusion.report import result_page
from fusion.report.plots import svg
from fusion.report.result_insides import apart, plot_map, plot_quantiles, read_map, read_quantiles
from tests.support.results import made_up_result


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "one" / "0123456789ab"
    metrics, _ = made_up_result(folder)
    return folder, metrics


def test_clips_of_known_and_unknown_groups_stand_side_by_side_where_there_are_both(made):
    folder, metrics = made
    assert not read_map(folder, metrics).known.any()
    assert len(plot_map(read_map(folder, metrics), metrics["classes"]).axes) == 1
    metrics["shared_groups"]["train"] = 9
    assert read_map(folder, metrics).known.all()
    metrics["shared_groups"]["train"] = 3
    groups = pd.read_csv(folder / "predictions.csv")["group"]
    pd.DataFrame({"group": sorted(set(groups))[:3]}).to_csv(folder / "trained_on.csv.gz", index=False)
    both = read_map(folder, metrics)
    assert 0 < both.known.sum() < len(both.known)
    first = groups.iloc[:60].isin(sorted(set(groups))[:3])
    np.testing.assert_array_equal(both.known, first)
    titles = [axes.get_title() for axes in plot_map(both, metrics["classes"]).axes]
    assert titles == ["clips of known groups", "clips of unknown groups"]


def test_the_map_of_many_clips_is_small(tmp_path):
    folder = tmp_path / "one" / "0123456789ab"
    metrics, _ = made_up_result(folder, 2874, tuple("abcdefghijklmnopqrs"))
    assert len(svg(plot_map(read_map(folder, metrics), metrics["classes"]), "map")) < 150_000


@given(
    st.lists(st.tuples(*[st.floats(-1, 1)] * 2, st.floats(0.05, 0.5)), max_size=12),
    st.floats(0.02, 0.2),
)
def test_labels_of_the_map_do_not_cover_one_another_and_keep_their_place_where_there_is_room(labels, height):
    middles, lengths = (
        np.array([label[:2] for label in labels]).reshape(-1, 2),
        np.array([label[2] for label in labels]),
    )
    placed = apart(middles, lengths, height)
    np.testing.assert_array_equal(placed[:, 0], middles[:, 0])
    for first, second in combinations(range(len(labels)), 2):
        beside = abs(placed[first, 0] - placed[second, 0]) >= (lengths[first] + lengths[second]) / 2
        assert beside or abs(placed[first, 1] - placed[second, 1]) >= height - 1e-12
    if len(labels) > 1 and height < np.diff(np.sort(middles[:, 1])).min():
        np.testing.assert_array_equal(placed, middles)


def page_of(folder, metrics):
    result_page.write(folder, metrics, {})
    return (folder / "report.html").read_text()


def test_the_page_has_them_of_folds_the_first_one_and_leaves_out_what_a_result_has_not(made):
    folder, metrics = made
    text = page_of(folder, metrics)
    assert "60 clips, all of instruments that it never heard;" in text
    assert "mfcc 1, mean" in text
    training = folder / "seed-1"
    training.rename(folder / "moved")
    training.mkdir()
    (folder / "moved").rename(training / "fold-0")
    (training / "fold-0" / "classes.npz").unlink()
    metrics["clips"]["test"] = 120
    every = pd.read_csv(folder / "predictions.csv")
    second = every.assign(clip="other " + every["clip"], group=["inst 1", *["elsewhere"] * (len(every) - 1)])
    pd.concat([every.assign(group="inst 1").iloc[:1], every.iloc[1:], second]).to_csv(
        folder / "predictions.csv", index=False
    )
    known = read_map(folder, metrics).known  # the first fold's network trained on clips that others test
    assert known.tolist() == [True] + [False] * 59
    text = page_of(folder, metrics)
    assert "the network of seed 1, first fold: what its last layer reads" in text
    assert "Features by class" not in text
    (training / "fold-0" / "map.npz").unlink()
    assert read_map(folder, metrics) is None


def test_every_class_is_in_the_legend(made):
    folder, metrics = made
    names = [f"_{name}" for name in metrics["classes"]]
    (legend,) = plot_map(read_map(folder, metrics), names).legends
    assert [text.get_text() for text in legend.get_texts()] == names


def test_a_class_without_clips_has_no_line():
    quantiles = np.array([[0.0, 1, 2, 3, 4], [np.nan] * 5])
    (axes,) = plot_quantiles("x", quantiles, ["a", "b"]).axes
    assert axes.get_xlim()[1] < 5


def damage_shape(path, arrays):
    np.savez(path, **{**arrays, "points": arrays["points"][:5]})


def damage_number(path, arrays):
    np.savez(path, **{**arrays, "clips": arrays["clips"] + 1})


def damage_label(path, arrays):
    np.savez(path, **{**arrays, "labels": arrays["labels"] + 1})


def damage_bytes(path, arrays):
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.parametrize("damage", [damage_shape, damage_number, damage_label, damage_bytes])
def test_a_damaged_map_is_a_message(made, damage):
    folder, metrics = made
    path = folder / "seed-1" / "map.npz"
    with np.load(path) as file:
        damage(path, {name: file[name] for name in file})
    with pytest.raises(FusionError, match="run the experiment again"):
        read_map(folder, metrics)


def test_damaged_quantiles_are_a_message(made):
    folder, metrics = made
    path = folder / "seed-1" / "classes.npz"
    np.savez(path, names=["a"], quantiles=np.zeros((2, 3, 5)))
    with pytest.raises(FusionError, match="damaged"):
        read_quantiles(folder, metrics)
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(FusionError, match="damaged"):
        read_quantiles(folder, metrics)
