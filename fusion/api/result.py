"""One result, as a person works with it in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fusion.api.options import RESULTS, FilePath, Options
from fusion.api.predictions import predict
from fusion.errors import FusionError, telling_damage
from fusion.learning.jobs import ExportFormat
from fusion.report import plots
from fusion.report.result_plots import draw_confusion
from fusion.report.wording import shown_metrics, table
from fusion.result.folder import ResultFolder
from fusion.result.predictions import prediction_table
from fusion.studies.export import export
from fusion.studies.own_data import own_root
from fusion.studies.report import report
from fusion.studies.transfer import evaluate_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Result:
    """A finished result; a notebook shows its table.

    Attributes
    ----------
    folder : Path
        ``results/<experiment>/<digest>``.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc"],
    ...     "training": {"epochs": 3},
    ... }
    >>> result = fusion.run(spec, sample=True, seeds=1)
    >>> len(result.predictions())
    144
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    def __fspath__(self) -> str:
        """Return the folder, so that a result can be named wherever its folder can."""
        return str(self.folder)

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json: every metric with its interval, counts, warnings, references.

        Raises
        ------
        FusionError
            If the folder is no finished result.
        """
        return ResultFolder(self.folder).finished()

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved settings, all defaults written out; `fusion.run` takes them as they are."""
        return ResultFolder(self.folder).settings()

    @property
    def warnings(self) -> list[str]:
        """What a reader of this result must know; each begins with a fixed word and a colon."""
        return list(self.metrics["warnings"])

    def predictions(self) -> pd.DataFrame:
        """Return what the networks predict for each test clip.

        Returns
        -------
        DataFrame
            clip, group, seed, fold where there are folds, true, predicted, one probability column a class.
        """
        texts = ("clip", "group", "true", "predicted")
        table = prediction_table(self.folder)
        return table.assign(**{name: pd.to_numeric(table[name]) for name in table if name not in texts})

    def confusion(self) -> pd.DataFrame:
        """Return the confusion matrix, mean over seeds: true classes in rows, predicted ones in columns.

        Raises
        ------
        FusionError
            If clips have several labels.
        """
        metrics = self.metrics
        if "confusion" not in metrics:
            raise FusionError(f"{self.folder}: its clips have several labels, so there is no confusion matrix")
        with telling_damage(self.folder / "metrics.json"):
            classes = metrics["classes"]
            return pd.DataFrame(metrics["confusion"], index=pd.Index(classes, name="true"), columns=classes)

    def predict(
        self,
        files: FilePath | Sequence[FilePath],
        *,
        seeds: int | Sequence[int] | None = None,
        timeline: bool = False,
        plugins: Sequence[FilePath] = (),
        jobs: int | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Return what plays in audio files, as `fusion.predict` does, with its warnings."""
        return predict(
            self.folder, files, seeds=seeds, timeline=timeline, plugins=plugins, jobs=jobs, progress=progress
        )

    def export(
        self,
        *,
        out: FilePath | None = None,
        format: ExportFormat = "onnx",
        seeds: int | Sequence[int] | None = None,
        plugins: Sequence[FilePath] = (),
    ) -> Path:
        """Write the networks as one, with all that is needed to use it without fusion and Keras.

        The mean of the probabilities of all networks is exported, or of those of `seeds`. The folder is `out`, else
        ``export-<format>`` in the result's; it has ``preprocessing.json`` and a card, for ONNX ``example.py``, too.

        Raises
        ------
        FusionError
            If the networks are missing, do not fit the format, or give other probabilities in it than in Keras.
        """
        target = self.folder / f"export-{format}" if out is None else Path(out)
        return export(self.folder, target, format, Options(seeds=seeds).seed_list(), [Path(each) for each in plugins])

    def evaluate(
        self,
        *,
        data: FilePath | None = None,
        sample: bool = False,
        split: str = "test",
        seeds: int | Sequence[int] | None = None,
        training_data: FilePath | None = None,
        skip_damaged: bool = False,
        plugins: Sequence[FilePath] = (),
        results: FilePath = RESULTS,
        cache: FilePath | None = None,
        jobs: int | None = None,
        cluster: str | None = None,
        progress: bool = False,
    ) -> Result:
        """Apply the networks to another data set in the same layout, to see whether they transfer.

        Parameters
        ----------
        data : path
            The other data set, or the embedded sample with ``sample=True``.
        sample : bool
        split : {"train", "validation", "test"}
            Part of the other data set.
        seeds : int or sequence of int, optional
            Networks to use instead of all.
        training_data : path, optional
            Where the result's own data are now, if they were moved.
        skip_damaged : bool
            Leave damaged clips of the other data set out and record them.
        plugins : sequence of path
            As for `predict`.
        results, cache, jobs, cluster, progress
            As for `fusion.run`.

        Returns
        -------
        Result
            ``results/<experiment>@<folder's name>/<digest>``.

        Raises
        ------
        FusionError
            If the networks cannot be used, or either data set is missing, damaged or changed.
        """
        if split not in ("train", "validation", "test"):
            raise FusionError(f"--split {split}: should be train, validation or test")
        if not (sample or data):
            raise FusionError("name the other data set with --data DIR, or take the embedded sample with --sample")
        options = Options(sample, data, results, cache, None, (), seeds, plugins, jobs, progress, cluster)
        own = None if training_data is None else Path(training_data)
        read = [self.folder, own_root(ResultFolder(self.folder), own)]
        workplace = options.workplace(self.metrics["dataset"], read=read)
        named = [Path(folder) for folder in plugins]
        return Result(evaluate_result(self.folder, workplace, split, options.seed_list(), own, skip_damaged, named))

    def plot_confusion(self, ax: Axes | None = None) -> Axes:
        """Draw the confusion matrix with counts and row percentages, on new axes or on those given; return them."""
        confusion = self.confusion()
        axes = plots.interactive_axes() if ax is None else ax
        draw_confusion(axes, confusion.to_numpy(), list(confusion.columns))
        return axes

    def report(self) -> Path:
        """Compute the statistics of this result anew, write its page, and return where that is: ``report.html``."""
        report(self.folder)
        return self.folder / "report.html"

    def table(self) -> pd.DataFrame:
        """Return the network and its references, the best first: mean ± deviation over seeds [95 % interval]."""
        metrics = self.metrics
        with telling_damage(self.folder / "metrics.json"):
            return pd.DataFrame(table(metrics), columns=["", *(metric.label for metric in shown_metrics(metrics))])

    def __str__(self) -> str:
        warnings = "".join(f"\n! {warning}" for warning in self.warnings)
        return f"{self.folder}\n{self.table().to_string(index=False)}{warnings}"

    def _repr_html_(self) -> str:
        return str(self.table().to_html(index=False))
