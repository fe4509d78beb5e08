import pytest

from fusion.report.wording import score, table


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
