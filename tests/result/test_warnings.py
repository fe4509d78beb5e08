"""What is said of a network beside its reference models."""

import pytest

from fusion.result.warnings import below


def references(p_holm=None, **scores):
    """Return reference models with these scores, beside a network that reaches 0.6."""
    return {
        name: {"network_minus": {"difference": 0.6 - score, "first": 0.6, "second": score, "p_holm": p_holm}}
        for name, score in scores.items()
    }


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (references(None, majority=0.1, svm=0.5), ""),
        (references(0.01, majority=0.1, svm=0.5), ""),
        (
            references(0.2, majority=0.1, svm=0.5, lda=0.7),
            "is not shown to be above any of 3 references; the best: shrinkage LDA 0.700",
        ),
        (
            references(0.01, majority=0.1) | references(0.01, svm=0.7, random_forest=0.993),
            "is not shown to be above any of 2 fitted references; the best: random forest 0.993; it is shown to be below "
            "2 of them",
        ),
        (
            references(0.01, majority=0.1, svm=0.5, lda=0.4) | references(0.3, random_forest=0.7),
            "is not shown to be above 1 of 4 references: random forest 0.700",
        ),
        (
            references(None, majority=0.1, svm=0.5, lda=0.6, boosting=0.8),
            "is not above 2 of 4 references: gradient boosting 0.800, shrinkage LDA equals it",
        ),
        (
            references(None, majority=0.1) | {"constant": {**references(None, x=0.7)["x"], "class": "flute"}},
            "is not above 1 of 2 references: always flute 0.700",
        ),
    ],
)
def test_one_warning_tells_all_references(rows, text):
    assert below(rows) == ([f"below-reference: the network (0.600) {text}"] if text else [])
