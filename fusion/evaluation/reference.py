"""The registry of reference models: simple methods that are tested on the same clips and features as a network.

A new reference is one entry here and one function that fits it in `fusion.learning.references`.
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
    most : int or None
        Training windows that it takes at most, a random part of each class in proportion.
    """

    name: str
    label: str
    seeded: bool = False
    most: int | None = None


MAJORITY = Reference("majority", "majority class")
TOP_K = Reference("top_k", "always top k")
SVM = Reference("svm", "SVM (RBF)", most=20_000)  # its cost grows with their square
# 500 trees on all of NSynth would need more memory than most machines have
RANDOM_FOREST = Reference("random_forest", "random forest", seeded=True, most=50_000)

REFERENCES = {reference.name: reference for reference in (MAJORITY, TOP_K, SVM, RANDOM_FOREST)}
