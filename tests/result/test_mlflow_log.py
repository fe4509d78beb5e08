"""Results as runs of MLflow, in a store of its own."""

import importlib.util

import pytest

from fusion.errors import FusionError
from fusion.result.listing import list_results
from fusion.result.mlflow_log import log_results
from tests.support.command import command
from tests.support.results import made_up_result


@pytest.fixture
def top(tmp_path):
    for name in ("one", "other"):
        made_up_result(tmp_path / "results" / name / "0123456789ab")
    return tmp_path / "results"


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="MLflow is installed")
def test_without_mlflow_it_is_said_what_to_install(top):
    done = command(top.parent, "results", top, "--mlflow", "sqlite:///mlflow.db", code=2)
    assert "pip install 'fusion-mir[mlflow]'" in done.stderr


def test_a_result_is_logged_once_with_settings_figures_intervals_and_files(top, monkeypatch):
    pytest.importorskip("mlflow", reason="MLflow is not installed (extra `mlflow`)")
    from mlflow import MlflowClient

    monkeypatch.chdir(top.parent)
    uri = f"sqlite:///{top.parent}/mlflow.db"
    rows, _ = list_results(top)
    assert log_results(rows[:1], uri) == 1
    assert log_results(rows, uri) == 1
    client = MlflowClient(tracking_uri=uri)
    (run,) = client.search_runs([client.get_experiment_by_name("one").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["training.epochs"] == "7"
    assert run.data.params["features"] == '["mfcc"]'
    row = rows[0]
    found = run.data.metrics
    assert (found["test.accuracy"], found["test.accuracy.low"]) == pytest.approx((row["mean"], row["low"]))
    assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"metrics.json", "spec.yaml"}
    with pytest.raises(FusionError, match="--mlflow nowhere:"):
        log_results(rows, "nowhere://x")
