import warnings

import numpy as np
import pytest

from fusion.evaluation.calibration import reliability
from fusion.evaluation.probabilities import tempered
from fusion.report import plots
from fusion.report.result_plots import plot_confusion, plot_curves, plot_reliability
from tests.support.scores import scored

CLASSES = ["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_confusion_shows_counts_and_row_percentages():
    figure = plot_confusion(np.array([[8.0, 2.0], [0.0, 5.0]]), ["a", "b"])
    assert texts(figure) == ["8\n80 %", "2\n20 %", "5\n100 %"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a (10)", "b (5)"]


def test_means_of_seeds_have_one_decimal_throughout():
    figure = plot_confusion(np.array([[8.5, 1.5], [0.0, 5.0]]), ["a", "b"])
    assert texts(figure) == ["8.5\n85 %", "1.5\n15 %", "5.0\n100 %"]


@pytest.mark.parametrize(
    "classes", [["flute", "violin"], ["flute", "a name of sixty letters and more, which nobody can read there"]]
)
def test_nothing_of_a_small_confusion_is_cut_off(classes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_confusion(np.array([[8.0, 2.0], [0.0, 5.0]]), classes)
        figure.canvas.draw()
    axes = figure.axes[0]
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()):
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_confusion_of_eleven_classes_is_readable():
    """No two cells' texts overlap, and none leaves its cell."""
    random = np.random.default_rng(0)
    figure = plot_confusion(random.integers(1, 2000, (11, 11)).astype(float) + 0.5, CLASSES)
    figure.canvas.draw()
    axes = figure.axes[0]
    cell = axes.transData.transform([(0, 0), (1, 1)])
    width, height = np.abs(cell[1] - cell[0])
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.width < width
        assert box.height < height


@pytest.mark.parametrize("several", [False, True])
def test_reliability_shows_confidence_against_accuracy_before_and_after(several):
    targets, scores = scored(several=several)
    calibration = {
        "bins": reliability(targets, [scores], several),
        "bins_after": reliability(targets, [tempered(scores, 2.0, several)], several),
    }
    axes, counts = plot_reliability(calibration, several).axes
    _, before, after = axes.get_lines()
    for line, key in ((before, "bins"), (after, "bins_after")):
        filled = [row for row in calibration[key] if row["count"]]
        assert list(line.get_xdata()) == [row["confidence"] for row in filled]
        assert list(line.get_ydata()) == [row["accuracy"] for row in filled]
    assert len(counts.patches) == 2
    del calibration["bins_after"]
    assert len(plot_reliability(calibration, several).axes[0].get_lines()) == 2


@pytest.mark.parametrize("validated", [True, False])
def test_curves_of_validation_are_there_if_it_is(tmp_path, validated):
    names = ["loss", "accuracy", *(["val_loss", "val_accuracy"] if validated else [])]
    (tmp_path / "history.csv").write_text(f"seed,epoch,{','.join(names)}\n1,1{',0.5' * len(names)}\n")
    axes = plot_curves(tmp_path / "history.csv").axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["training (with dropout)", "validation"][: 1 + validated]


def test_letters_that_a_font_lacks_are_no_warnings_and_stay_text_on_a_page(tmp_path):
    figure, axes = plots.new_figure(2, 2)
    axes.set_title("琵琶")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(figure, tmp_path / "x.png")
        assert "琵琶" in plots.svg(figure, "x")
