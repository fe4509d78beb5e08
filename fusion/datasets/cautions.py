"""What readers of a result must know of its data: pure functions on a data set, each warning with its fixed word."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.datasets.corpus import Corpus
from fusion.evaluation.coverage import coverage_warnings

FEW_GROUPS = 10
_OVERLAP = 0.05  # seconds that two parts of a file may have in common
_NAMED = 20  # classes that a warning names


def cautions(dataset: Corpus) -> list[str]:
    """Return what readers of a result must know; each begins with a fixed word and a colon."""
    found = (missing_classes, similar_classes, shared_groups, overlapping_parts, few_groups)
    return [*dataset.notes, *(warning for caution in found for warning in caution(dataset))]


def each_label(part: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each label of each clip."""
    if not part["labels"].str.contains(";", regex=False).any():
        return part  # as most data sets have it, and at their size the rest takes seconds
    return part.assign(labels=part["labels"].str.split(";")).explode("labels")


def missing_classes(dataset: Corpus) -> list[str]:
    """Say which classes occur in training alone, or in the test of a fold whose training lacks them."""
    warnings = []
    for fold in dataset.each_fold() if dataset.folds is not None else ():
        trained, tested = (set(dataset.table.loc[rows, "labels"]) for rows in (fold.train, fold.test))
        if absent := sorted(tested - trained):
            warnings.append(f"missing-class: the training clips of fold {fold.fold} have no {', '.join(absent)}")
    training = each_label(dataset.part("train")).groupby("labels")["group"].unique()
    for split in dataset.splits[1:] if dataset.folds is None else ():
        absent = sorted(set(dataset.classes) - set(each_label(dataset.part(split))["labels"]))
        if split == "validation":
            kept = {label: training[label][0] for label in absent if len(training[label]) == 1}
            absent = [
                f"{label} (its only training group is {kept[label]})" if label in kept else label for label in absent
            ]
        if absent:
            warnings.append(f"missing-class: {split} has no clip of {', '.join(absent)}")
    return warnings


def known_groups(dataset: Corpus, split: str) -> tuple[set[str], set[str]]:
    """Return the test groups that a split has, too, and those that have nothing but a sound in common with it.

    Sounds are compared where the audio was hashed; with folds, every test fold is compared with its own training clips.
    """
    by_name: set[str] = set()
    by_sound: set[str] = set()
    for fold in dataset.each_fold():
        tested, others = dataset.table.loc[fold.test], dataset.table.loc[fold.clips(split)]
        by_name |= set(tested["group"].unique()) & set(others["group"].unique())
        if "sound" in dataset.table:
            sounds = set(others["sound"].to_numpy()) - {""}  # pandas' isin takes as long again for each of many
            heard = [sound in sounds for sound in tested["sound"].to_numpy()]
            by_sound |= set(tested.loc[heard, "group"])
    return by_name, by_sound - by_name


def similar_classes(dataset: Corpus) -> list[str]:
    """Say which names of classes differ in upper and lower case alone."""
    alike: dict[str, list[str]] = {}
    for label in dataset.classes:
        alike.setdefault(label.casefold(), []).append(label)
    return [
        f"similar-classes: {' and '.join(labels)} differ in upper and lower case alone, and are {len(labels)} classes"
        for labels in alike.values()
        if len(labels) > 1
    ]


def shared_groups(dataset: Corpus) -> list[str]:
    """Say whether test groups are known from training or validation, by their name or by a sound."""
    test = dataset.part("test")
    for split, effect in (
        ("train", f"the score is for new clips of known {dataset.group_noun}, not for unknown ones"),
        ("validation", f"the network was stopped by what it did on the test's own {dataset.group_noun}"),
    ):
        by_name, by_sound = known_groups(dataset, split)
        if groups := by_name | by_sound:
            sounds = f", {len(by_sound)} of them under another name, with the same sound" if by_sound else ""
            clips = int(test["group"].isin(groups).sum())
            return [
                f"shared-groups: {len(groups)} of {test['group'].nunique()} test {dataset.group_noun} "
                f"({clips} of {len(test)} clips) are also in {split}{sounds}: {effect}"
            ]
    return []


def overlapping_parts(dataset: Corpus) -> list[str]:
    """Say whether clips are of the same moments of a file, and have different labels or are in test and elsewhere."""
    table = dataset.table
    if not (table["start"] > 0).any():  # whole files, whose paths take long to compare
        return []
    several = table.duplicated("path", keep=False).to_numpy()
    place = (table["split"] == "test").to_numpy() if dataset.folds is None else dataset.folds[0]
    clips = table[several].assign(place=place[several])
    clips["end"] = clips["start"] + clips["duration"].fillna(np.inf)
    pairs = relabelled = across = 0
    for _, parts in clips.sort_values(["path", "start"], kind="stable").groupby("path", sort=False):
        starts, ends = parts["start"].to_numpy(), parts["end"].to_numpy()
        labels, places = parts["labels"].to_numpy(), parts["place"].to_numpy()
        last = np.searchsorted(starts, ends - _OVERLAP, side="left")
        for row, stop in enumerate(last):
            later = slice(row + 1, max(stop, row + 1))
            pairs += later.stop - later.start
            relabelled += int(np.sum(labels[later] != labels[row]))
            across += int(np.sum(places[later] != places[row]))
    if not relabelled and not across:
        return []
    where = "between test and the other splits" if dataset.folds is None else "in different folds"
    return [
        f"duplicates: {pairs} pairs of clips overlap in their file, {relabelled} of them with different labels, "
        f"{across} {where}; give each clip its start and its duration"
    ]


def few_groups(dataset: Corpus) -> list[str]:
    """Say that there are few test groups, of all classes together or of some, and what that means for intervals."""
    test = dataset.part("test")
    count, noun = int(test["group"].nunique()), dataset.group_noun
    warnings = coverage_warnings(count, f"test {noun}")
    by_class = each_label(test).groupby("labels")["group"].nunique()
    small = [f"{label} {number}" for label, number in by_class.items() if number < FEW_GROUPS]
    if not small:
        return warnings
    few = ", ".join(small[:_NAMED]) + (f" and {len(small) - _NAMED} more classes" if len(small) > _NAMED else "")
    text = f"fewer than {FEW_GROUPS} {noun} of {few}, which get no interval of their own"
    return [f"{warning}; {text}" for warning in warnings] or [f"few-groups: {text}"]
