"""What is said and drawn of an ablation, for made-up numbers going every way."""

import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib.image import imread

from fusion.report import ablation as report

NAMES = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate")
MODES = ("leave-one-out", "only-one", "all", "mask")


def made_up(mode, difference=0.1, p_holm=0.01, interval=0.03, names=NAMES, chance=0.2, metric="accuracy"):
    """Return the content of ablation.json where each arm is this far below the whole, which reaches 0.6."""
    sizes = {"only-one": [1], "all": range(len(names) - 1, 0, -1)}.get(mode, [len(names) - 1])
    sets = [names, *(chosen for size in sizes for chosen in combinations(names, size))]
    arms = []
    for features in sets:
        mean = 0.6 - (difference if features != names else 0)
        low, high = (None, None) if interval is None else (mean - interval, mean + interval)
        values = {"mean": mean, "std": 0.01, "low": low, "high": high, "per_seed": [mean - 0.01, mean + 0.01]}
        digest = None if mode == "mask" and features != names else "0" * 12
        arms.append({"features": list(features), **values, "groups_std": 0.02, "digest": digest})
    tests = [
        {
            "features": list(features),
            "without": [name for name in names if name not in features],
            "difference": difference,
            "low": None if interval is None else difference - interval,
            "high": None if interval is None else difference + interval,
            "p": p_holm / 2,
            "p_holm": p_holm,
        }
        for features in sets[1:]
        if mode != "all" or len(features) == len(names) - 1
    ]
    share = (0.6 - chance) / len(names)
    ends = {"low": None, "high": None} if interval is None else {"low": share - interval, "high": share + interval}
    shapley = {name: {"value": share, **ends} for name in names} if mode == "all" else {}
    per_class = {t["without"][0]: {"bass": difference, "reed": -difference} for t in tests if len(t["without"]) == 1}
    return {
        **{"mode": mode, "metric": metric, "chance": chance, "groups": 42, "arms": arms, "shapley": shapley},
        **{"tests": tests, "per_class": per_class, "warnings": []},
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interval", [0.03, None])
@pytest.mark.parametrize("p_holm", [0.0002, 0.01, 0.0499, 0.05, 0.0996, 0.3, 0.995, 1.0])
@pytest.mark.parametrize("difference", [0.1, 0.01, 0.0004, 0.0, -0.0004, -0.1])
def test_no_sentence_is_false(mode, difference, p_holm, interval):
    ablation = made_up(mode, difference, p_holm, interval)
    said = report.sentences(ablation)
    assert len(said) == len(ablation["tests"]) + (mode == "all")
    for sentence in said[: len(ablation["tests"])]:
        assert ("not shown to" in sentence) == (p_holm >= 0.05)
        loss, gain = ("less than all", "more than all") if mode == "only-one" else ("costs", "gains")
        same, small = ("the same as all", "leaves accuracy as it is"), "less than 0.1 points"
        assert (loss in sentence.replace(small, "")) == (difference >= 0.01), sentence
        assert (gain in sentence) == (difference <= -0.01), sentence
        assert (small in sentence) == (0 < abs(difference) < 0.0005)
        assert any(text in sentence for text in same) == (difference == 0)
        if abs(difference) >= 0.01:
            (points,) = re.findall(r"(?:costs|gains|%,) (\d+\.\d) points? ", sentence)
            assert float(points) == pytest.approx(100 * abs(difference))
            assert ("1.0 points" in sentence) is False
        if p_holm < 0.05 and abs(difference) < 0.0005:  # the test is of clips, not of the figure
            assert "what is said of the clips" in sentence
        assert ("no interval" in sentence) == (interval is None)
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


def test_the_largest_loss_comes_first():
    ablation = made_up("leave-one-out")
    for test, loss in zip(ablation["tests"], (0.01, -0.2, 0.3, 0, 0.1), strict=True):
        test["difference"] = loss
    order = [re.search(r"Leaving out (\S+)", sentence).group(1) for sentence in report.sentences(ablation)]
    losses = {test["without"][0]: test["difference"] for test in ablation["tests"]}
    assert [losses[name] for name in order] == [0.3, 0.1, 0.01, 0, -0.2]


def test_several_left_out_at_once_and_a_single_test():
    ablation = made_up("sets")
    ablation["tests"] = [{**ablation["tests"][0], "features": ["mfcc"], "without": list(NAMES[1:])}]
    (sentence,) = report.sentences(ablation)
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
    assert report.sentences(made_up("all", chance=chance))[-1].startswith(start)


def test_shares_without_intervals_and_of_another_figure():
    said = report.sentences(made_up("all", interval=None, metric="micro_f1"))[-1]
    assert said.startswith("Of the 40.0 points of micro F1 above chance, mfcc brings 8.0 (no interval), ")
    assert said.count("no interval") == 5


def test_an_arm_of_one_of_two():
    said = report.sentences(made_up("only-one", names=NAMES[:2], metric="micro_f1"))
    assert said[0].startswith("mfcc alone reaches a micro F1 of 50.0 %, 10.0 points less than both features (")


def test_figures_are_written_and_stale_ones_removed(tmp_path):
    written = {"leave-one-out": 2, "only-one": 1, "all": 3, "mask": 2}
    for mode in ("all", *MODES):
        report.write(tmp_path, made_up(mode))
        files = sorted(path.name for path in tmp_path.iterdir())
        assert len(files) == written[mode], files
        assert "ablation.png" in files
        assert ("shapley.png" in files) == (mode == "all")
        assert ("per_class.png" in files) == (mode != "only-one")


@pytest.mark.parametrize("mode", ["leave-one-out", "all"])
@pytest.mark.parametrize(("interval", "difference", "chance"), [(0.03, 0.1, 0.55), (None, 0.0, 0.2)])
def test_arms_of_any_number_are_drawn(tmp_path, mode, interval, difference, chance):
    ablation = made_up(mode, difference=difference, interval=interval, chance=chance)
    report.write(tmp_path, ablation)
    picture = imread(tmp_path / "ablation.png")
    assert picture.shape[0] < 2000
    assert np.ptp(picture[..., :3]) == 1
    labels = [text.get_text() for text in report.arms_figure(ablation).axes[0].get_yticklabels()]
    assert len(labels) == len(set(labels)) == {"leave-one-out": 6, "all": 31}[mode]
    assert "all features" in labels
