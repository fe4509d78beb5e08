"""The plot of an audit: how classes and levels are spread over the splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.report.plots import BLUE, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {"train": BLUE, "validation": GREY, "test": ORANGE}


def plot_audit(report: dict[str, Any]) -> Figure:
    """Plot, for each split, the share of each class (left) and of each level (right)."""
    splits = [split for split, counts in report["classes"].items() if counts]
    classes = sorted({label for counts in report["classes"].values() for label in counts})
    figure, axes = new_figure(10.5, 1.6 + 0.3 * len(classes), columns=2)
    height = 0.8 / len(splits)
    for number, split in enumerate(splits):
        counts = np.array([report["classes"][split].get(label, 0) for label in classes])
        places = np.arange(len(classes)) + (number - (len(splits) - 1) / 2) * height
        axes[0].barh(places, 100 * counts / max(counts.sum(), 1), height=height, color=_COLOURS[split], label=split)
        levels = {int(level): count for level, count in report["levels"].get(split, {}).items()}
        if levels:
            middle = np.arange(min(levels), max(levels) + 1, 3)
            share = [100 * levels.get(int(level), 0) / sum(levels.values()) for level in middle]
            axes[1].plot(middle + 1.5, share, color=_COLOURS[split], marker="o", ms=3, lw=1.2, label=split)
    axes[0].set_yticks(range(len(classes)), classes)
    axes[0].invert_yaxis()
    axes[0].set_xlabel("share of the split's labels, %")
    axes[1].set_xlabel("level (RMS), dB of full scale")
    axes[1].set_ylabel("share of the split's clips, %")
    axes[1].set_ylim(bottom=0)
    for panel, title in zip(axes, ("Classes", "Levels, in steps of 3 dB"), strict=True):
        panel.set_title(title, fontsize=10)
        panel.grid(alpha=0.25)
    axes[0].legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=len(splits))
    return figure
