"""Which training windows a reference model takes where all of them would be too many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def draw_windows(labels: Ints, groups: Ints, most: int | None, seed: int) -> Ints:
    """Draw windows by chance: each class keeps its share, and within a class groups take turns.

    So neither a class nor, within its share, a group is lost while there is room.

    Parameters
    ----------
    labels, groups : (windows,) int
    most : int or None
        Windows to draw; all where there are fewer, or with None.
    seed : int

    Returns
    -------
    (drawn,) int
        Numbers of windows, in order.
    """
    if most is None or len(labels) <= most:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    windows = pd.DataFrame({"window": order, "label": labels[order], "group": groups[order]})
    windows["turn"] = windows.groupby(["label", "group"]).cumcount()
    windows = windows.sort_values("turn", kind="stable")
    by_label = windows.groupby("label")
    # of two classes the one takes the next place of which a smaller part was drawn: shares stay, and all have a first
    drawn = by_label.cumcount() / by_label["window"].transform("size")
    return np.sort(windows["window"].to_numpy()[np.argsort(drawn, kind="stable")[:most]])
