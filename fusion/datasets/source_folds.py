"""Folds that are sources: a whole font, library or recording chain is left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fusion.datasets.corpus import Corpus
from fusion.datasets.groups import numbered
from fusion.errors import FusionError

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd


def by_source(
    name: str, table: pd.DataFrame, sources: Sequence[str], noun: str, notes: Sequence[str], root: Path
) -> Corpus:
    """Return clips with a fold for each source, in the order of their names.

    Parameters
    ----------
    name : str
        The data set's.
    table : DataFrame
        Clips without a split.
    sources : sequence of str
        The source of each; empty where it is not known.
    noun : str
        What a group is, in the plural.
    notes : sequence of str
        So far. A class that a single source has is left out, since nobody could learn it without that source; this
        and classes that a source lacks are told.
    root : Path
        For messages.

    Raises
    ------
    FusionError
        If sources are not known, there is only one, or they have fewer than two classes in common.
    """
    import pandas as pd

    table = table.assign(source=list(sources))
    if unknown := int((table["source"] == "").sum()):
        raise FusionError(
            f"{root}: protocol sources: the source of {unknown} of {len(table)} clips is not known; join data of "
            "several sources with `fusion data join DIR DIR --out DIR`"
        )
    lacks = pd.crosstab(table["source"], table["labels"])
    if len(lacks) < 2:
        raise FusionError(f"{root}: protocol sources: there is one source, {lacks.index[0]}; join it with others")
    alone = [str(label) for label in lacks if (lacks[label] > 0).sum() == 1]
    told = [
        f"missing-class: {lacks[label].sum()} clips of {label} left out: {lacks[label].idxmax()} alone has them, and "
        "each source is tested without its own clips in training"
        for label in alone
    ]
    table = table[~table["labels"].isin(alone)].reset_index(drop=True)
    lacks = lacks.drop(columns=alone)
    if len(lacks.columns) < 2:
        common = ", ".join(map(str, lacks.columns)) or "no class"
        raise FusionError(f"{root}: protocol sources: sources have {common} in common, and two classes are needed")
    lacks = lacks[lacks.sum(axis=1) > 0]
    for source, counts in lacks.iterrows():
        if absent := [str(label) for label in lacks if not counts[label]]:
            told.append(f"missing-class: {source} has no clip of {', '.join(absent)}; these are tested on others alone")
    folds = numbered(table["source"])
    left_out = ", ".join(f"{number} {source}" for number, source in enumerate(lacks.index))
    told.append(f"sources: each fold leaves out a whole source: {left_out}")
    table = table.assign(split="train")
    return Corpus(name, "sources", table, noun, [*notes, *told], folds=folds[np.newaxis])
