"""What is said of an ablation, for made-up numbers going every way."""

import re

import pytest

from fusion.report.ablation_sentences import ablation_sentences
from fusion.report.wording import arm_names
from tests.support.ablations import MODES, NAMES, made_up


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interval", [0.03, None])
@pytest.mark.parametrize("p_holm", [0.0002, 0.01, 0.0499, 0.05, 0.0996, 0.3, 0.995, 1.0])
@pytest.mark.parametrize("difference", [0.1, 0.01, 0.0004, 0.0, -0.0004, -0.1])
def test_no_sentence_is_false(mode, difference, p_holm, interval):
    ablation = made_up(mode, difference, p_holm, interval, names=NAMES[:2])  # of three or more some share a sentence
    sentences = ablation_sentences(ablation)
    if interval is None:
        assert sentences.pop(0) == "Differences are not tested: that takes several seeds (--seeds 3)."
    assert len(sentences) == len(ablation["tests"]) + (mode == "all")
    for sentence in sentences[: len(ablation["tests"])]:
        assert ("not shown to" in sentence) == (interval is not None and p_holm >= 0.05)
        loss, gain = ("less than both", "more than both") if mode == "only-one" else ("costs", "gains")
        same, small = ("the same as both", "leaves accuracy as it is"), "less than 0.1 points"
        assert (loss in sentence.replace(small, "")) == (difference >= 0.01), sentence
        assert (gain in sentence) == (difference <= -0.01), sentence
        assert (small in sentence) == (0 < abs(difference) < 0.0005)
        assert any(text in sentence for text in same) == (difference == 0)
        if abs(difference) >= 0.01:
            (points,) = re.findall(r"(?:costs|gains|%,) (\d+\.\d) points? ", sentence)
            assert float(points) == pytest.approx(100 * abs(difference))
            assert ("1.0 points" in sentence) is False
        assert ("interval" in sentence) == (interval is not None)
        if interval is not None:
            low, high = map(float, re.search(r"interval (-?\d+\.\d) to (-?\d+\.\d)", sentence).groups())
            centre = 100 * (abs(difference) if abs(difference) >= 0.01 else difference)  # of the loss, or of the gain
            assert (low, high) == pytest.approx((centre - 3, centre + 3), abs=0.051)
            stated = re.search(r"p (=|<|>) (1|\.\d+)", sentence)
            sign, value = stated.group(1), float(stated.group(2))
            assert {"=": abs(p_holm - value) <= 0.005, "<": p_holm < value, ">": p_holm > value}[sign], sentence
            if sign == "=":
                assert (value < 0.05) == (p_holm < 0.05), sentence
            assert "after Holm" in sentence
        assert "-0.0" not in sentence
        if mode == "only-one":
            assert f"alone reaches an accuracy of {100 * (0.6 - difference):.1f} %" in sentence
        else:
            assert sentence.startswith("Masking" if mode == "mask" else "Leaving out")


def test_what_is_not_shown_to_matter_shares_a_sentence():
    ablation = made_up("leave-one-out")
    losses = {
        "mfcc": 0.1,
        "tonnetz": 0.01,
        "spectral_centroid": 0.0004,
        "spectral_rolloff": 0.0,
        "zero_crossing_rate": -0.02,
    }
    for test in ablation["tests"]:
        loss = losses[test["without"][0]]
        test |= {"difference": loss, "low": loss - 0.03, "high": loss + 0.03, "p_holm": 0.001 if loss == 0.1 else 0.8}
    first, second = ablation_sentences(ablation)
    assert first.startswith("Leaving out mfcc costs 10.0 points of accuracy (95 % interval 7.0 to 13.0, p = .001 ")
    assert second == (
        "The other 4 are not shown to matter (p = .80 or more after Holm): leaving one out costs, in points of accuracy, "
        "tonnetz 1.0 (95 % interval -2.0 to 4.0), spectral_centroid 0.0 (-3.0 to 3.0), spectral_rolloff 0.0 (-3.0 to 3.0) "
        "and zero_crossing_rate -2.0 (-5.0 to 1.0)."
    )
    for test in ablation["tests"]:
        test["p_holm"] = 1.0
    (only,) = ablation_sentences({**ablation, "mode": "mask"})
    assert only.startswith(
        "None is shown to matter (p = 1 after Holm): masking one costs, in points of accuracy, mfcc 10.0 ("
    )


def test_the_largest_loss_comes_first():
    ablation = made_up("leave-one-out")
    for test, loss in zip(ablation["tests"], (0.01, -0.2, 0.3, 0, 0.1), strict=True):
        test["difference"] = loss
    order = [re.search(r"Leaving out (\S+)", sentence).group(1) for sentence in ablation_sentences(ablation)]
    losses = {test["without"][0]: test["difference"] for test in ablation["tests"]}
    assert [losses[name] for name in order] == [0.3, 0.1, 0.01, 0, -0.2]


def test_several_left_out_at_once_and_a_single_test():
    ablation = made_up("sets")
    ablation["tests"] = [{**ablation["tests"][0], "features": ["mfcc"], "without": list(NAMES[1:])}]
    (sentence,) = ablation_sentences(ablation)
    assert "Leaving out spectral_centroid, spectral_rolloff, tonnetz and zero_crossing_rate costs" in sentence
    assert "Holm" not in sentence


@pytest.mark.parametrize(
    ("chance", "start"),
    [
        (0.2, "Of the 40.0 points of accuracy above chance, mfcc brings 8.0 (95 % interval 5.0 to 11.0), "),
        (0.6, "The accuracy of all features is less than 0.1 points from chance; of these 0.0, mfcc brings 0.0 "),
        (0.7, "The accuracy of all features is 10.0 points less than chance; of these -10.0, mfcc brings -2.0 "),
    ],
)
def test_shares_above_at_and_below_chance(chance, start):
    assert ablation_sentences(made_up("all", chance=chance))[-1].startswith(start)


def test_shares_without_intervals_and_of_another_metric():
    sentences = ablation_sentences(made_up("all", interval=None, metric="micro_f1"))[-1]
    assert sentences.startswith("Of the 40.0 points of micro F1 above chance, mfcc brings 8.0 (no interval), ")
    assert sentences.count("no interval") == 5


def test_an_arm_of_one_of_two():
    sentences = ablation_sentences(made_up("only-one", names=NAMES[:2], metric="micro_f1"))
    assert sentences[0].startswith("mfcc alone reaches a micro F1 of 50.0 %, 10.0 points less than both features (")


def test_groups_go_by_their_names():
    ablation = made_up("only-one", names=("harmonics", "mfcc"))
    ablation["feature_groups"] = {"harmonics": ["envelope", "harmonics"], "mfcc": ["mfcc"]}
    for arm in (*ablation["arms"], *ablation["tests"]):
        if "harmonics" in arm["features"]:
            arm["features"] = ["envelope", *arm["features"]]
    sentences = ablation_sentences(ablation)
    assert any(text.startswith("harmonics alone reaches") for text in sentences)
    assert all("than both groups of features" in text for text in sentences)
    assert arm_names(ablation, ["envelope", "mfcc"]) == ["envelope", "mfcc"]  # half a group is no group
