"""What readers of a result must know of its data: pure functions on a data set, each warning with its fixed word."""

from __future__ import annotations

import pandas as pd

from fusion.datasets.table import Dataset
from fusion.evaluation.coverage import coverage_warnings

FEW_GROUPS = 10


def cautions(dataset: Dataset) -> list[str]:
    """Return what readers of a result must know; each begins with a fixed word and a colon."""
    return [*dataset.notes, *missing_classes(dataset), *shared_groups(dataset), *few_groups(dataset)]


def each_label(part: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each label of each clip."""
    return part.assign(labels=part["labels"].str.split(";")).explode("labels")


def missing_classes(dataset: Dataset) -> list[str]:
    """Say which classes occur in training alone, or in the test of a fold whose training lacks them."""
    warnings = []
    for fold in dataset.each_fold() if dataset.folds is not None else ():
        trained, tested = (set(dataset.table.loc[rows, "labels"]) for rows in (fold.train, fold.test))
        if absent := sorted(tested - trained):
            warnings.append(f"missing-class: the training clips of fold {fold.fold} have no {', '.join(absent)}")
    training = each_label(dataset.part("train")).groupby("labels")["group"].unique()
    for split in ("validation", "test") if dataset.folds is None else ():
        absent = sorted(set(dataset.classes) - set(each_label(dataset.part(split))["labels"]))
        if split == "validation":
            kept = {label: training[label][0] for label in absent if len(training[label]) == 1}
            absent = [
                f"{label} (its only training group is {kept[label]})" if label in kept else label for label in absent
            ]
        if absent:
            warnings.append(f"missing-class: {split} has no clip of {', '.join(absent)}")
    return warnings


def shared_groups(dataset: Dataset) -> list[str]:
    """Say whether test groups are known from training or validation."""
    test = dataset.part("test")
    for split, effect in (
        ("train", f"the score is for new clips of known {dataset.group_noun}, not for unknown ones"),
        ("validation", f"the network was stopped by what it did on the test's own {dataset.group_noun}"),
    ):
        groups: set[str] = set()
        clips: set[int] = set()
        for fold in dataset.each_fold():
            tested = dataset.table.loc[fold.test, "group"]
            known = tested[tested.isin(set(dataset.table.loc[fold.clips(split), "group"]))]
            groups |= set(known)
            clips |= set(known.index)
        if groups:
            return [
                f"shared-groups: {len(groups)} of {test['group'].nunique()} test {dataset.group_noun} "
                f"({len(clips)} of {len(test)} clips) are also in {split}: {effect}"
            ]
    return []


def few_groups(dataset: Dataset) -> list[str]:
    """Say that there are few test groups, of all classes together or of some, and what that means for intervals."""
    test = dataset.part("test")
    count, noun = int(test["group"].nunique()), dataset.group_noun
    warnings = coverage_warnings(count, f"test {noun}")
    by_class = each_label(test).groupby("labels")["group"].nunique()
    few = ", ".join(f"{label} {number}" for label, number in by_class.items() if number < FEW_GROUPS)
    if not few:
        return warnings
    text = f"fewer than {FEW_GROUPS} {noun} of {few}, which get no interval of their own"
    return [f"{warning}; {text}" for warning in warnings] or [f"few-groups: {text}"]
