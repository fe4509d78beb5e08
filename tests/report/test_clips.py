"""Which clips are listed under which outcome, from a table of predictions."""

import json

import pytest

from fusion.report.clip_sounds import ClipFile, clip_sounds
from fusion.report.clips import read_clips

ONE = """clip,group,seed,true,predicted,a,b
x,g,1,a,b,0.1,0.9
y,g,1,a,b,0.4,0.6
z,h,1,b,b,0.2,0.8
x,g,2,a,b,0.3,0.7
y,g,2,a,a,0.7,0.3
z,h,2,b,b,0.4,0.6
"""

SEVERAL = """clip,group,seed,true,predicted,a,b
x,g,1,a;b,a,0.9,0.1
y,g,1,a,b,0.2,0.8
"""


def read(folder, text, several=False):
    (folder / "predictions.csv").write_text(text)
    return read_clips(folder / "predictions.csv", ["a", "b"], several)


def listed(clips, row, column):
    cell = clips.cells[row, column]
    return [(clips.names[clip], clips.said(cell, place)) for place, clip in enumerate(cell.clips)]


def test_a_cell_has_its_clips_the_surest_mistake_first(tmp_path):
    clips = read(tmp_path, ONE)
    assert set(clips.cells) == {("a", "a"), ("a", "b"), ("b", "b")}
    assert listed(clips, "a", "b") == [
        ("x", "score 0.80 in 2 of 2 predictions"),
        ("y", "score 0.60 in 1 of 2 predictions"),
    ]
    assert listed(clips, "b", "b") == [("z", "score 0.70 in 2 of 2 predictions")]
    assert [cell.count for cell in clips.cells.values()] == [0.5, 1.5, 1.0]
    assert [(cell.row, cell.column) for cell in clips.confused()] == [("a", "b")]
    ((cell, place),) = clips.mistakes()  # y is mistaken by one of two alone
    assert clips.names[cell.clips[place]] == "x"
    data = json.loads(json.dumps(clips.as_data()))
    assert data["clips"] == {"0": ["x", "g"], "1": ["y", "g"], "2": ["z", "h"]}
    assert data["cells"]["0-1"]["title"] == "a taken for b"


def test_with_several_labels_classes_are_right_missed_or_heard_wrongly(tmp_path):
    clips = read(tmp_path, SEVERAL, several=True)
    assert {key: [clips.names[clip] for clip in cell.clips] for key, cell in clips.cells.items()} == {
        ("a", "right"): ["x"],
        ("a", "missed"): ["y"],
        ("b", "missed"): ["x"],
        ("b", "heard wrongly"): ["y"],
    }
    assert [clips.title(cell) for cell, _ in clips.mistakes()] == ["b: heard wrongly"]


def test_a_result_without_predictions_lists_none(tmp_path):
    assert read_clips(tmp_path / "predictions.csv", ["a", "b"], False) is None


@pytest.mark.parametrize("content", [None, b"", b"no sound"])
def test_a_sound_that_cannot_be_read_is_left_out(tmp_path, content):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    assert clip_sounds(["x", "y"], {"x": ClipFile(path, 0.0, float("nan"))}) == {}
