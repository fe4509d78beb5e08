"""Finished results in MLflow: settings, figures with their intervals, files; each result once."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.result.folder import ResultFolder

_FILES = ("report.html", "metrics.json", "spec.yaml", "environment.json", "predictions.csv")
_RESULT = "fusion.result"  # a tag: digest and seeds


def log_results(rows: Sequence[Mapping[str, Any]], uri: str) -> int:
    """Log each result that is not there yet as a run of the MLflow experiment of its name.

    Parameters
    ----------
    rows : sequence of dict
        As `fusion.result.listing.list_results` gives them.
    uri : str
        Where MLflow tracks: ``sqlite:///mlflow.db``, a server's address.

    Returns
    -------
    int
        How many were logged now.

    Raises
    ------
    FusionError
        If MLflow is not installed, or nothing can be logged there.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise FusionError("to log results in MLflow run pip install 'fusion-mir[mlflow]'") from None
    try:
        client = MlflowClient(tracking_uri=uri)
        return sum(_log(client, row) for row in rows)
    except (MlflowException, OSError, ImportError) as error:
        raise FusionError(f"--mlflow {uri}: {str(error).splitlines()[0]}") from None


def _log(client: Any, row: Mapping[str, Any]) -> bool:
    from mlflow.entities import Metric, Param

    folder = Path(row["folder"])
    metrics = ResultFolder(folder).finished()
    known = client.get_experiment_by_name(row["experiment"])
    experiment = known.experiment_id if known else client.create_experiment(row["experiment"])
    tag = f"{row['digest']} seeds {','.join(map(str, metrics['seeds']))}"
    if client.search_runs([experiment], f"tags.`{_RESULT}` = '{tag}' and attributes.status = 'FINISHED'"):
        return False
    settings = {key: row[key] for key in ("dataset", "protocol", "features")} | dict(row["changes"])
    now = int(1000 * time.time())
    run = client.create_run(experiment, run_name=row["digest"], tags={_RESULT: tag}).info.run_id
    client.log_batch(
        run,
        [Metric(name, value, now, 0) for name, value in _figures(metrics).items()],
        [Param(path, _text(value)[:6000]) for path, value in settings.items()],
    )
    for name in _FILES:
        if (folder / name).is_file():
            client.log_artifact(run, folder / name)
    client.set_terminated(run)
    return True


def _figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return ``test.accuracy``, ``test.accuracy.low`` and so on; what is not known is left out."""
    figures = {}
    for part in ("train", "test"):
        for name, summary in metrics[part].items():
            if isinstance(summary, dict) and "mean" in summary:
                figures[f"{part}.{name}"] = summary["mean"]
                figures |= {f"{part}.{name}.{end}": summary.get(end) for end in ("low", "high")}
    return {name: float(value) for name, value in figures.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
