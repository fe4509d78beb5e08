"""predictions.csv read back: every cell as it was written, damage found."""

import json

import numpy as np
import pytest

from fusion.errors import FusionError
from fusion.result.checksums import write_checksums
from fusion.result.predictions import read_predictions, same_clips
from fusion.runtime.tables import read_table, write_table

HEADER = "clip,group,seed,true,predicted,a,b"


def result(folder, *lines, metric="accuracy"):
    folder.mkdir(exist_ok=True)
    content = {"experiment": "e", "digest": "0" * 12, "classes": ["a", "b"], "test": {metric: {}}}
    content |= {"dataset": "d", "seeds": [1, 2], "warnings": [], "references": {}}
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


GOOD = "x,g,1,a,a,1,0"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([GOOD, "y,g,1,a,a,1,0", "x,g,2,a,a,1,0"], "no row of clip 'y' for seed 2"),
        ([GOOD, "y,g,1,a"], "row 2, clip 'y': a probability"),  # cut short
        ([GOOD, "x,g,1,a,b,1,0"], "row 2, clip 'x': the clip is there twice"),
        (["x,g,one,a,a,1,0"], "row 1, clip 'x': the seed"),
        (["x,g,1,a,a,1,0,0"], "damaged"),
        ([GOOD, "y,g,1,a,a,nan,0"], "row 2, clip 'y': a probability is not between 0 and 1"),
        ([GOOD, "y,g,1,a,a,7,0"], "row 2, clip 'y': a probability is not between 0 and 1"),
        ([GOOD, "y,g,1,a,a,-inf,0"], "row 2, clip 'y': a probability is not between 0 and 1"),
        ([GOOD, "y,g,1,a,,1,0"], "row 2, clip 'y': the predicted label is no class"),
        ([GOOD, "y,g,1,a,c,1,0"], "row 2, clip 'y': the predicted label is no class"),
        ([GOOD, "y,g,1,a,a;b,1,0"], "row 2, clip 'y': the predicted label is no class"),
        ([GOOD, "y,g,1,c,a,1,0"], "row 2, clip 'y': the true label is no class"),
        ([GOOD, "y,g,1,,a,1,0"], "row 2, clip 'y': the true label is no class"),
        ([GOOD, "x,h,2,a,a,1,0"], "row 2, clip 'x': another group"),
        ([], "damaged"),
    ],
)
def test_damage_is_a_message_that_names_the_row(tmp_path, lines, message):
    with pytest.raises(FusionError, match="damaged") as caught:
        read_predictions(result(tmp_path, *lines))
    assert message in str(caught.value)


def test_a_changed_row_that_a_result_could_have_is_known_by_the_checksum(tmp_path):
    folder = result(tmp_path, GOOD, "y,g,1,a,b,.2,.8")
    write_checksums(folder)
    assert read_predictions(folder).right().tolist() == [1, 0]
    (folder / "predictions.csv").write_text("\r\n".join([HEADER, GOOD, "y,g,1,a,a,.8,.2", ""]))
    with pytest.raises(FusionError, match=r"predictions\.csv: not as fusion wrote it"):
        read_predictions(folder)


def test_names_that_spreadsheets_would_run_are_quoted_and_read_back_the_same(tmp_path):
    names = ["=cmd()", "+1 song", "-b", "@x", "'=1", "'a'", "plain"]
    header = ["clip", "=class"]
    write_table(tmp_path / "t.csv", header, [(name, "-0.5") for name in names])
    assert not any(line.startswith(("=", "+", "-", "@")) for line in (tmp_path / "t.csv").read_text().splitlines())
    table = read_table(tmp_path / "t.csv")
    assert list(table) == header
    assert list(table["clip"]) == names
    assert list(table["=class"]) == ["-0.5"] * len(names)


def test_the_same_clips_with_one_label_and_with_several_are_not_the_same(tmp_path):
    one = read_predictions(result(tmp_path / "one", "x,g,1,a,a,1,0"))
    several = read_predictions(result(tmp_path / "several", "x,g,1,a,a,1,0", metric="micro_f1"))
    assert same_clips(one, one)
    assert not same_clips(one, several)


def test_missing_predictions_promise_networks_only_where_these_are(tmp_path):
    folder = result(tmp_path, GOOD)
    (folder / "predictions.csv").unlink()
    with pytest.raises(FusionError, match=r"missing; run the experiment again$"):
        read_predictions(folder)
    (folder / "seed-1").mkdir()
    with pytest.raises(FusionError, match=r"missing; run the experiment again, its networks are kept$"):
        read_predictions(folder)


def test_a_training_that_diverged_is_no_damage(tmp_path):
    lines = ["x,g,1,a,a,nan,nan", "y,g,1,b,a,nan,nan", "x,g,2,a,a,.9,.1", "y,g,2,b,b,.1,.9"]
    predictions = read_predictions(result(tmp_path, *lines))
    assert predictions.right() == pytest.approx([1, 0.5])
    with pytest.raises(FusionError, match="row 1, clip 'x': a probability is not between 0 and 1"):
        read_predictions(result(tmp_path, "x,g,1,a,a,nan,.5"))
    with pytest.raises(FusionError, match="a probability is not between 0 and 1"):
        read_predictions(result(tmp_path, "x,g,1,a,a,,"))
