"""The ``ablation`` section: sets and groups of features, and what is wrong with one."""

import pytest

from fusion.settings.ablation import read_ablation

FEATURES = ("chroma", "mfcc", "rms", "tonnetz")


def test_sets_have_the_order_of_all_features():
    assert read_ablation([["rms", "mfcc"], ["chroma"]], FEATURES) == ((("mfcc", "rms"), ("chroma",)), None, "")


def test_a_feature_that_no_group_names_is_one_by_itself():
    sets, groups, wrong = read_ablation({"pitch": ["tonnetz", "chroma"]}, FEATURES)
    assert (sets, wrong) == (None, "")
    assert groups == {"pitch": ("chroma", "tonnetz"), "mfcc": ("mfcc",), "rms": ("rms",)}


def test_a_group_may_be_called_as_its_feature_is():
    assert read_ablation({"mfcc": ["mfcc"]}, ("mfcc", "rms"))[1] == {"mfcc": ("mfcc",), "rms": ("rms",)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("mfcc", "should be sets of features"),
        ([], "should be sets of features"),
        ({}, "should be sets of features"),
        ({"a": []}, "should be sets of features"),
        ({"a": "mfcc"}, "should be sets of features"),
        ([["mfc"]], "'mfc' is no feature of this experiment"),
        ({"a": [5]}, "5 is no feature of this experiment"),
        ({"a": ["mfcc", "rms"], "b": ["rms"]}, "rms is in 2 groups; a feature belongs to one"),
        ({"rms": ["mfcc"]}, "rms is the name of a feature outside this group"),
    ],
)
def test_mistakes_are_said(value, message):
    sets, groups, wrong = read_ablation(value, FEATURES)
    assert (sets, groups) == (None, None)
    assert wrong.startswith(message) or message in wrong
