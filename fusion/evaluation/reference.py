"""The registry of reference models: simple methods that are tested on the same clips and features as a network.

A new reference needs two things: an entry in `FITTED`, and its model in `fusion.learning.reference_models.MODELS`.
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
        Training windows that it takes at most, drawn by chance: each class keeps its share, groups take turns.
    """

    name: str
    label: str
    seeded: bool = False
    trivial: bool = False
    most: int | None = None


MAJORITY = Reference("majority", "majority class", trivial=True)
TOP_K = Reference("top_k", "always top k", trivial=True)
LDA = Reference("lda", "shrinkage LDA")
LOGISTIC = Reference("logistic", "logistic regression")
SVM = Reference("svm", "SVM (RBF)", most=20_000)  # its cost grows with their square
# 500 trees on all of NSynth would need more memory than most machines have
RANDOM_FOREST = Reference("random_forest", "random forest", seeded=True, most=50_000)
BOOSTING = Reference("boosting", "gradient boosting", seeded=True, most=100_000)

FITTED = (LDA, LOGISTIC, SVM, RANDOM_FOREST, BOOSTING)
"""Those that learn from features."""

REFERENCES = {reference.name: reference for reference in (MAJORITY, TOP_K, *FITTED)}
