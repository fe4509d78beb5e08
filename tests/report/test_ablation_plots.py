"""What is drawn of an ablation, and which files there are, for made-up numbers."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from fusion.report.ablation_page import write
from fusion.report.ablation_plots import plot_arms
from tests.support.ablations import MODES, made_up


def test_plots_are_written_and_stale_ones_removed(tmp_path):
    written = {"leave-one-out": 3, "only-one": 2, "all": 4, "mask": 3}
    for mode in ("all", *MODES):
        write(tmp_path, made_up(mode))
        files = sorted(path.name for path in tmp_path.iterdir())
        assert len(files) == written[mode], files
        assert {"ablation.html", "ablation.png"} <= set(files)
        assert ("shapley.png" in files) == (mode == "all")
        assert ("per_class.png" in files) == (mode != "only-one")


@pytest.mark.parametrize("mode", ["leave-one-out", "all"])
@pytest.mark.parametrize(("interval", "difference", "chance"), [(0.03, 0.1, 0.55), (None, 0.0, 0.2)])
def test_arms_of_any_number_are_drawn(tmp_path, mode, interval, difference, chance):
    ablation = made_up(mode, difference=difference, interval=interval, chance=chance)
    write(tmp_path, ablation)
    picture = imread(tmp_path / "ablation.png")
    assert picture.shape[0] < 2000
    assert np.ptp(picture[..., :3]) > 0.8
    labels = [text.get_text() for text in plot_arms(ablation).axes[0].get_yticklabels()]
    assert len(labels) == len(set(labels)) == {"leave-one-out": 6, "all": 31}[mode]
    assert "all features" in labels


def test_its_command_repeats_the_ablation_and_one_seed_tests_nothing(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"sample": True, "seeds": [1, 2]}))
    write(tmp_path, {**made_up("mask", interval=None), "seeds": [1]})
    page = (tmp_path / "ablation.html").read_text()
    assert "fusion ablate results/made_up/000000000000/spec.yaml --mode mask --sample --seeds 1,</pre>" in page
    assert "<p>Differences are not tested: that takes several seeds (--seeds 3).</p>" in page
    assert "shown to" not in page
    (tmp_path / "metrics.json").write_text(json.dumps({"sample": False, "seeds": [1, 2]}))
    (tmp_path / "environment.json").write_text(json.dumps({"data": "/my notes"}))
    write(tmp_path, {**made_up("all"), "trials": 3})
    page = (tmp_path / "ablation.html").read_text()
    assert "fusion ablate made_up.yaml --mode all --tune 3 --data &#39;/my notes&#39; --seeds 1,2</pre>" in page
    assert "All features together reach an accuracy of 60.0\N{NO-BREAK SPACE}%" in page
    assert "points against all features" in page
