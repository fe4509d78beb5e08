"""What is drawn of a learning curve."""

import numpy as np
from matplotlib.image import imread

from fusion.report.curve_page import write
from fusion.report.curve_plot import plot_curve
from fusion.studies.curve_summary import summarise_curve
from tests.support.curves import made_up


def test_every_arm_has_its_points_and_line(tmp_path):
    arms = {"one": {9: 0.3, 18: 0.4, 36: 0.5}, "two": {10: 0.5, 31: 0.5, 61: 0.6}, "three": {9: 0.2, 18: 0.3}}
    curve = summarise_curve("x", {name: made_up(shares, tmp_path) for name, shares in arms.items()})
    axes = plot_curve(curve).axes[0]
    labels = [line.get_label() for line in axes.get_lines() if not line.get_label().startswith("_")]
    assert labels[0].startswith("one: +")
    assert labels[0].endswith(" points a doubling")
    assert labels[2:] == ["three", "one seed", "beyond what was measured"]  # two points have no line
    assert [text.get_text() for text in axes.get_xticklabels()] == ["9", "18", "31", "36", "61", "72", "122"]
    write(tmp_path, curve)
    assert np.ptp(imread(tmp_path / "curve.png")[..., :3]) > 0.8
    assert "one: doubling the training groups brought" in (tmp_path / "curve.html").read_text()
