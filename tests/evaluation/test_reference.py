from fusion.evaluation.reference import FITTED, REFERENCES


def test_what_varies_with_the_seed_what_is_trivial_and_what_takes_few_windows():
    assert {name for name, reference in REFERENCES.items() if reference.trivial} == {"majority", "top_k"}
    assert {reference.name: (reference.seeded, reference.most) for reference in FITTED} == {
        "lda": (False, None),
        "logistic": (False, None),
        "svm": (False, 20_000),
        "random_forest": (True, 50_000),
        "boosting": (True, 100_000),
    }
