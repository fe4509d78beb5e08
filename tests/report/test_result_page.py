import numpy as np
import pytest

from fusion.report.result_page import confusion_figure
from fusion.report.wording import score, table

CLASSES = ["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_confusion_shows_counts_and_row_percentages():
    figure = confusion_figure(np.array([[8.0, 2.0], [0.0, 5.0]]), ["a", "b"])
    assert texts(figure) == ["8\n80 %", "2\n20 %", "5\n100 %"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a (10)", "b (5)"]


def test_means_of_seeds_have_one_decimal_throughout():
    figure = confusion_figure(np.array([[8.5, 1.5], [0.0, 5.0]]), ["a", "b"])
    assert texts(figure) == ["8.5\n85 %", "1.5\n15 %", "5.0\n100 %"]


def test_confusion_of_eleven_classes_is_readable():
    """No two cells' texts overlap, and none leaves its cell."""
    random = np.random.default_rng(0)
    figure = confusion_figure(random.integers(1, 2000, (11, 11)).astype(float) + 0.5, CLASSES)
    figure.canvas.draw()
    axes = figure.axes[0]
    cell = axes.transData.transform([(0, 0), (1, 1)])
    width, height = np.abs(cell[1] - cell[0])
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.width < width
        assert box.height < height


@pytest.mark.parametrize(
    ("low", "high", "per_seed", "text"),
    [
        (0.9, 0.95, [0.92, 0.94], "0.930 ± 0.010 [0.900, 0.950]"),
        (None, None, [0.93], "0.930"),
        (0.9, 0.95, [0.93], "0.930 [0.900, 0.950]"),
    ],
)
def test_a_score_in_words(low, high, per_seed, text):
    assert score({"mean": 0.93, "std": 0.01, "low": low, "high": high, "per_seed": per_seed}) == text


def test_the_best_line_comes_first():
    def line(value):
        summary = {"mean": value, "std": 0.0, "low": None, "high": None, "per_seed": [value]}
        return {"accuracy": summary, "macro_f1": summary}

    metrics = {"test": line(0.5), "references": {"majority": line(0.1), "svm": line(0.7), "random_forest": line(0.4)}}
    assert [row[0] for row in table(metrics)] == ["SVM (RBF)", "network", "random forest", "majority class"]
