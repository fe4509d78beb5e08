"""Plots of a search: which settings did well together, and which of them mattered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.report.plots import BLUE, GREY, ORANGE, new_figure
from fusion.search.trials import DIRECTIONS, Trial, best
from fusion.settings.search_space import Choices, Range, SearchSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Space = Mapping[str, Choices | Range]
Floats = NDArray[np.float64]

_PLATE = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.8}

FEWEST = 10  # scored trials from which the importance of settings is worth a plot


def plots(trials: Sequence[Trial], search: SearchSettings) -> dict[str, Figure]:
    """Return ``parallel`` and, with enough scored trials, ``importance``."""
    scored = [trial for trial in trials if trial.score is not None]
    drawn = {"parallel": plot_parallel(scored, search)}
    return drawn | ({"importance": plot_importance(scored, search)} if len(scored) >= FEWEST else {})


def positions_in_range(trials: Sequence[Trial], space: Space) -> Floats:
    """Return where each setting of each trial lies in its range, 0 to 1, ``(trials, settings)``."""
    positions = np.zeros((len(trials), len(space)))
    for column, (path, options) in enumerate(space.items()):
        for row, trial in enumerate(trials):
            value = trial.values[path]
            if isinstance(options, Choices):
                positions[row, column] = options.values.index(value) / (len(options.values) - 1)
            else:
                ends = np.array([options.min, options.max, value], dtype=np.float64)
                low, high, here = np.log(ends) if options.log else ends
                positions[row, column] = (here - low) / (high - low)
    return positions


def importance(trials: Sequence[Trial], space: Space) -> tuple[dict[str, tuple[float, float]], float]:
    """Return how much a forest's fit of the scores worsens when a setting is shuffled, and how good the fit is.

    Returns
    -------
    dict of str to (float, float)
        Mean and deviation by setting, as shares of the scores' variance: 0 says that the setting does not matter.
    float
        R² of the forest on trials that its trees have not seen; at or below 0 the rest means nothing.

    References
    ----------
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    values, scores = positions_in_range(trials, space), np.array([trial.score for trial in trials], dtype=np.float64)
    forest = RandomForestRegressor(300, oob_score=True, random_state=1).fit(values, scores)
    losses = permutation_importance(forest, values, scores, n_repeats=20, random_state=1)
    pairs = zip(losses.importances_mean, losses.importances_std, strict=True)
    return dict(zip(space, [(float(mean), float(std)) for mean, std in pairs], strict=True)), float(forest.oob_score_)


def plot_parallel(trials: Sequence[Trial], search: SearchSettings) -> Figure:
    """Plot parallel coordinates: a line a trial over all settings, coloured by its score, the best one marked."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scores = np.array([trial.score for trial in trials], dtype=np.float64)
    positions = positions_in_range(trials, search.space)
    names = list(search.space)
    figure, axes = new_figure(max(6.0, 2.0 + 1.15 * len(names)), 4.6)
    colour = ScalarMappable(Normalize(scores.min(), scores.max()), "viridis")
    x = np.arange(len(names))
    spread = np.random.default_rng(0).uniform(-0.015, 0.015, positions.shape)  # lines would hide each other
    sign = 1 if DIRECTIONS[search.objective] == "max" else -1
    for number in np.argsort(sign * scores):
        axes.plot(x, positions[number] + spread[number], color=colour.to_rgba(scores[number]), lw=1.2, alpha=0.8)
    winner = best(trials, search.objective)
    if winner is not None:
        row = positions[[trial.number for trial in trials].index(winner.number)]
        axes.plot(x, row, color=ORANGE, lw=2.4, marker="o", label=f"best: trial {winner.number}, {winner.score:.3f}")
    for place, options in zip(x, search.space.values(), strict=True):
        axes.axvline(place, color=GREY, lw=0.8)
        for height, text in _ticks(options):
            axes.annotate(
                text,
                (place, height),
                (4, 0),
                textcoords="offset points",
                fontsize=7,
                va="center",
                zorder=3,
                bbox=_PLATE,
            )
    axes.set_xticks(x, [name.replace(".", ".\n", 1) for name in names], fontsize=8)
    axes.set_yticks([])
    axes.set_xlim(-0.2, len(names) - 1 + 0.6)
    axes.set_ylim(-0.08, 1.08)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    figure.colorbar(
        colour, ax=axes, label=f"{search.objective} ({'mean of folds' if search.folds else 'validation clips'})"
    )
    return figure


def _ticks(options: Choices | Range) -> list[tuple[float, str]]:
    if isinstance(options, Choices):
        return [(n / (len(options.values) - 1), _text(value)) for n, value in enumerate(options.values)]
    return [(0.0, f"{options.min:g}"), (1.0, f"{options.max:g}")]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def plot_importance(trials: Sequence[Trial], search: SearchSettings) -> Figure:
    """Plot bars of each setting's importance, the largest on top."""
    by_setting, fit = importance(trials, search.space)
    ranking = sorted(by_setting.items(), key=lambda item: item[1][0])
    figure, axes = new_figure(7.0, 1.4 + 0.35 * len(ranking))
    axes.barh(
        [name for name, _ in ranking],
        [mean for _, (mean, _) in ranking],
        xerr=[std for _, (_, std) in ranking],
        color=BLUE,
        ecolor=GREY,
    )
    axes.set_xlabel("loss of fit when shuffled, share of the scores' variance")
    verdict = "too few to tell" if fit <= 0 else "a guess"
    axes.set_title(f"Which setting matters? {len(trials)} trials, R² out of bag {fit:.2f}: {verdict}", fontsize=10)
    axes.grid(axis="x", alpha=0.25)
    return figure
