"""What can be told of a data set before any feature is extracted."""

from __future__ import annotations

from typing import Any

from fusion.datasets.cautions import cautions, each_label, known_groups
from fusion.datasets.corpus import SPLITS, Corpus
from fusion.datasets.duplicates import Duplicates


def overview(dataset: Corpus, duplicates: Duplicates) -> dict[str, Any]:
    """Return counts, groups, shared groups and warnings as plain data.

    Returns
    -------
    dict
        ``dataset, protocol, clips {split}, groups {split}, shared_groups {split}, classes {split: {class: count}},
        class_groups {split: {class: groups}}, balance {split: ratio}`` (clips of the largest class to those of the
        smallest) and ``duplicates, warnings``.
    """
    parts = {split: dataset.part(split) for split in SPLITS}
    shared = {split: len(set().union(*known_groups(dataset, split))) for split in ("train", "validation")}
    classes = {
        split: {label: int(n) for label, n in each_label(part)["labels"].value_counts().sort_index().items()}
        for split, part in parts.items()
    }
    return {
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "clips": {split: len(part) for split, part in parts.items()},
        "groups": {split: int(part["group"].nunique()) for split, part in parts.items()},
        "shared_groups": shared,
        "classes": classes,
        "class_groups": {
            split: {label: int(n) for label, n in each_label(part).groupby("labels")["group"].nunique().items()}
            for split, part in parts.items()
        },
        "balance": {
            split: round(max(counts.values()) / min(counts.values()), 2) for split, counts in classes.items() if counts
        },
        "duplicates": duplicates.counts(),
        "warnings": [*cautions(dataset), *duplicates.warnings()],
    }
