"""Subsets of features and of groups of features."""

from dataclasses import replace

import pytest

from fusion.errors import FusionError
from fusion.settings.reading import read_experiment
from fusion.studies.feature_sets import feature_sets

GROUPS = {"cepstrum": ["mfcc"], "shape": ["spectral_centroid", "spectral_rolloff"], "pitch": ["tonnetz"]}
SPEC = {
    "name": "grouped",
    "dataset": {"name": "nsynth", "protocol": "course"},
    "features": ["mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz"],
    "ablation": GROUPS,
}
ALL = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz")


@pytest.fixture(scope="module")
def grouped():
    return read_experiment(SPEC, ablating=True)


def test_groups_stand_and_fall_together(grouped):
    assert feature_sets(grouped, "leave-one-out")[0] == ALL
    assert set(feature_sets(grouped, "leave-one-out")[1:]) == {ALL[1:], (ALL[0], ALL[3]), ALL[:3]}
    assert set(feature_sets(grouped, "only-one")[1:]) == {ALL[:1], ALL[1:3], ALL[3:]}
    assert len(set(feature_sets(grouped, "all"))) == 7
    assert feature_sets(grouped, "mask") == [ALL]


def test_groups_are_no_sets(grouped):
    with pytest.raises(FusionError, match="grouped: names groups of features, which other modes take; add a section"):
        feature_sets(grouped, "sets")


def test_one_group_cannot_be_taken_apart(grouped):
    with pytest.raises(FusionError, match="at least two groups of features, found everything"):
        feature_sets(replace(grouped, feature_groups={"everything": ALL}), "only-one")


def test_too_many_features_are_told_to_form_groups(grouped):
    many = replace(grouped, features=dict.fromkeys(f"f{number}" for number in range(11)), feature_groups=None)
    with pytest.raises(
        FusionError, match="every subset of 11 features is too many; take 10 at most, or put features into"
    ):
        feature_sets(many, "all")
