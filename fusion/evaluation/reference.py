"""The registry of reference models: simple methods that are tested on the same clips and features as a network.

A new reference needs three things: an entry in `REFERENCES`; its name in `references` of each label task that it goes
with, in `fusion.evaluation.label_task`; and, unless it is trivial, a function in `fusion.learning.references.FITS`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A reference model.

    Attributes
    ----------
    name : str
        Its key in metrics.json and references.csv.
    label : str
        As people read it.
    seeded : bool
        Whether its predictions vary with the seed.
    trivial : bool
        Whether it knows the class frequencies alone, so that nothing is fitted.
    most : int or None
        Training windows that it takes at most, a random part of each class in proportion.
    """

    name: str
    label: str
    seeded: bool = False
    trivial: bool = False
    most: int | None = None


MAJORITY = Reference("majority", "majority class", trivial=True)
TOP_K = Reference("top_k", "always top k", trivial=True)
SVM = Reference("svm", "SVM (RBF)", most=20_000)  # its cost grows with their square
# 500 trees on all of NSynth would need more memory than most machines have
RANDOM_FOREST = Reference("random_forest", "random forest", seeded=True, most=50_000)

REFERENCES = {reference.name: reference for reference in (MAJORITY, TOP_K, SVM, RANDOM_FOREST)}
