import pytest

from fusion.evaluation.label_task import SingleLabel
from fusion.evaluation.metric import SINGLE_LABEL_METRICS, Metric
from fusion.evaluation.single_label import accuracy
from fusion.report.checks import checked
from fusion.report.wording import score, shown_metrics, table


@pytest.mark.parametrize(
    ("low", "high", "df", "per_seed", "text"),
    [
        (0.9, 0.95, 12.0, [0.92, 0.94], "0.930 ± 0.010 [0.900, 0.950]"),
        (None, None, None, [0.93], "0.930"),
        (0.9, 0.95, 12.0, [0.93], "0.930 [0.900, 0.950]"),
        (0.9, 0.95, None, [0.93], "0.930"),  # of an older fusion, by another method
    ],
)
def test_a_score_in_words(low, high, df, per_seed, text):
    summary = {"mean": 0.93, "std": 0.01, "low": low, "high": high, "per_seed": per_seed}
    assert score(summary | ({} if df is None else {"df": df})) == text


def test_the_best_line_comes_first():
    def line(value):
        summary = {"mean": value, "std": 0.0, "low": None, "high": None, "per_seed": [value]}
        return {"accuracy": summary, "macro_f1": summary}

    metrics = {"test": line(0.5), "references": {"majority": line(0.1), "svm": line(0.7), "random_forest": line(0.4)}}
    assert [row[0] for row in table(metrics)] == ["SVM (RBF)", "network", "random forest", "majority class"]


def test_a_result_older_than_a_metric_is_shown_without_it(monkeypatch):
    newer = (Metric("kappa", "kappa", accuracy, "table"), Metric("mcc", "MCC", accuracy, "detail"))
    monkeypatch.setattr(SingleLabel, "metrics", (*SINGLE_LABEL_METRICS, *newer))
    summary = {"mean": 0.5, "std": 0.0, "low": None, "high": None, "per_seed": [0.5]}
    metrics = {"test": {"accuracy": summary, "macro_f1": summary}, "references": {}}
    assert [metric.name for metric in shown_metrics(metrics)] == ["accuracy", "macro_f1"]
    assert shown_metrics(metrics, "detail") == []
    assert table(metrics) == [("network", "0.500", "0.500")]
    metrics["test"]["kappa"] = summary
    assert [metric.name for metric in shown_metrics(metrics)] == ["accuracy", "macro_f1", "kappa"]


@pytest.mark.parametrize(("p", "said"), [(None, False), (0.01, True)])
def test_nothing_is_shown_without_a_test(p, said):
    metrics = {
        "warnings": [],
        "groups": {"test": 40},
        "duplicates": {"pairs": 0},
        "references": {
            "majority": {"network_minus": {"p_holm": p}},
            "lda": {"network_minus": {"p_holm": p}},
        },
    }
    sentences = checked(metrics)
    assert ("The network is shown to be above each of 1 references." in sentences) is said
    assert "No clip was left out as damaged." in sentences
