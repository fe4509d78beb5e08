"""predictions.csv read back: every cell as it was written, damage found."""

import json

import numpy as np
import pytest

from fusion.errors import FusionError
from fusion.result.predictions import read_predictions, same_clips

HEADER = "clip,group,seed,true,predicted,a,b"


def result(folder, *lines, metric="accuracy"):
    folder.mkdir(exist_ok=True)
    content = {"experiment": "e", "digest": "0" * 12, "classes": ["a", "b"], "test": {metric: {}}}
    (folder / "metrics.json").write_text(json.dumps(content))
    (folder / "predictions.csv").write_text("\r\n".join([HEADER, *lines, ""]))
    return folder


def test_cells_are_read_as_they_were_written(tmp_path):
    """Ids that look like numbers or missing values are text, and no label is a label, too."""
    lines = ["007,1e3,1,a,,.2,.3", "NA,1e3,1,a;b,a;b,.8,.9", "null,2,1,b,b,.1,.7"]
    predictions = read_predictions(result(tmp_path, *lines, metric="micro_f1"))
    assert predictions.clips == {"007": ("1e3", "a"), "NA": ("1e3", "a;b"), "null": ("2", "b")}
    assert predictions.task.several
    assert predictions.decisions.tolist() == [[[False, False], [True, True], [False, True]]]
    assert predictions.truth.groups.tolist() == [0, 0, 1]
    assert predictions.right() == pytest.approx([0, 1, 1])


def test_seeds_and_clips_are_sorted_whatever_the_order_of_lines(tmp_path):
    lines = ["y,g,10,b,b,0,1", "x,h,10,a,b,0,1", "x,h,9,a,a,1,0", "y,g,9,b,a,1,0"]
    predictions = read_predictions(result(tmp_path, *lines))
    assert predictions.seeds == (9, 10)
    assert list(predictions.clips) == ["x", "y"]
    assert predictions.predicted.tolist() == [["a", "a"], ["b", "b"]]
    assert predictions.counts().shape == (2, 2, 2, 2)
    assert np.trace(predictions.counts().sum(axis=0), axis1=1, axis2=2).tolist() == [1, 1]


@pytest.mark.parametrize(
    "lines",
    [
        ["x,g,1,a,a,1,0", "y,g,1,a,a,1,0", "x,g,2,a,a,1,0"],  # a seed lacks a clip
        ["x,g,1,a,a,1,0", "y,g,1,a"],  # cut short
        ["x,g,1,a,a,1,0", "x,g,1,a,b,1,0"],  # twice
        ["x,g,one,a,a,1,0"],
        ["x,g,1,a,a,1,0,0"],
    ],
)
def test_damage_is_a_message(tmp_path, lines):
    with pytest.raises(FusionError, match="damaged"):
        read_predictions(result(tmp_path, *lines))


def test_the_same_clips_with_one_label_and_with_several_are_not_the_same(tmp_path):
    one = read_predictions(result(tmp_path / "one", "x,g,1,a,a,1,0"))
    several = read_predictions(result(tmp_path / "several", "x,g,1,a,a,1,0", metric="micro_f1"))
    assert same_clips(one, one)
    assert not same_clips(one, several)
