"""Two results on the same clips, made up so that the answer is known."""

import csv
import json

import numpy as np
import pytest

from fusion.cli.console import print_comparison
from fusion.errors import FusionError
from fusion.evaluation.estimate import NO_VARIATION
from fusion.evaluation.label_task import MULTI_LABEL
from fusion.result.compare import compare_predictions, sentence
from fusion.result.predictions import Predictions, read_predictions
from tests.support.command import command

CLASSES = ["bass", "flute", "reed"]


def write(folder, name, right, seeds=(1, 2), groups=8, clips=10):
    """Write a result whose networks are right about a clip where `right(class, group, clip, seed)` says so."""
    folder.mkdir(parents=True)
    content = {"experiment": name, "digest": "0" * 12, "dataset": "d", "classes": CLASSES, "test": {"accuracy": {}}}
    content |= {"seeds": list(seeds), "warnings": [], "references": {}}
    (folder / "metrics.json").write_text(json.dumps(content))
    with (folder / "predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "group", "seed", "true", "predicted", *CLASSES])
        for seed in seeds:
            for number, label in enumerate(CLASSES):
                for group in range(groups):
                    for clip in range(clips):
                        hit = right(number, group, clip, seed)
                        said = label if hit else CLASSES[(number + 1) % 3]
                        writer.writerow([f"{label}{group}-{clip}", f"{label}{group}", seed, label, said, 0, 0, 0])
    return folder


def half(number, group, clip, seed):
    return clip < 5


def better(number, group, clip, seed):
    return clip < 7 + group % 2


def test_a_difference_in_every_group_is_found_with_its_size(tmp_path):
    first, second = (write(tmp_path / f.__name__, f.__name__, f) for f in (half, better))
    found = compare_predictions(read_predictions(first), read_predictions(second))
    assert found["accuracy"]["first"] == pytest.approx(0.5)
    assert found["accuracy"]["second"] == pytest.approx(0.75)
    assert found["accuracy"]["difference"] == pytest.approx(-0.25)  # the first minus the second
    assert -0.3 <= found["accuracy"]["low"] <= -0.25 <= found["accuracy"]["high"] <= -0.2
    assert found["accuracy"]["p"] < 0.001
    assert len(found["changed"]) == 3 * (4 * 2 + 4 * 3)
    assert sentence(found).endswith("more than chance, with 24 groups to tell by")
    assert sentence(found).startswith(f"{found['first']} minus {found['second']}: -25.0 points of accuracy")


def test_clips_that_changed_are_printed_first_and_second(tmp_path, capsys):
    first, second = (read_predictions(write(tmp_path / f.__name__, f.__name__, f)) for f in (half, better))
    print_comparison(compare_predictions(first, second))
    printed = capsys.readouterr().out
    assert "60 clips changed; the 10 that changed most:\n" in printed
    assert ": first 0 %, second 100 % of seeds right\n" in printed


def test_the_other_way_round_has_the_other_sign(tmp_path):
    first, second = (read_predictions(write(tmp_path / f.__name__, f.__name__, f)) for f in (half, better))
    there, back = compare_predictions(first, second), compare_predictions(second, first)
    for name in ("accuracy", "macro_f1"):
        assert there[name]["difference"] == pytest.approx(-back[name]["difference"])
        assert there[name]["low"] == pytest.approx(-back[name]["high"])
        assert there[name]["p"] == pytest.approx(back[name]["p"])


def test_one_group_that_differs_much_is_not_shown_to_differ(tmp_path):
    first = write(tmp_path / "a", "a", half)
    second = write(tmp_path / "b", "b", lambda number, group, clip, seed: clip < 5 or (number, group) == (0, 0))
    found = compare_predictions(read_predictions(first), read_predictions(second))
    assert found["accuracy"]["difference"] == pytest.approx(-5 / 240)
    assert found["accuracy"]["p"] > 0.1
    assert "not shown to differ" in sentence(found)


def test_a_result_compared_with_itself_differs_in_nothing(tmp_path):
    result = read_predictions(write(tmp_path / "a", "a", half))
    found = compare_predictions(result, result)
    accuracy = found["accuracy"]
    assert (accuracy["first"], accuracy["second"], accuracy["difference"]) == (0.5, 0.5, 0)
    assert (accuracy["low"], accuracy["p"], accuracy["why"]) == (None, None, NO_VARIATION)
    assert found["changed"] == []


def test_seeds_may_differ_in_number(tmp_path):
    first = write(tmp_path / "a", "a", lambda n, g, clip, seed: clip < 4 + seed, seeds=(1, 2, 3))
    second = write(tmp_path / "b", "b", half, seeds=(7,))
    found = compare_predictions(read_predictions(first), read_predictions(second))
    assert found["accuracy"]["first"] == pytest.approx(0.6)
    assert found["accuracy"]["second"] == pytest.approx(0.5)


def test_other_seeds_are_a_warning_that_names_both(tmp_path):
    folders = (write(tmp_path / name, name, better, seeds) for name, seeds in (("a", (1, 2)), ("b", (3,))))
    first, second = map(read_predictions, folders)
    (warning,) = [text for text in compare_predictions(first, second)["warnings"] if text.startswith("other-seeds: ")]
    assert warning == f"other-seeds: {first.name} has the seeds 1, 2, {second.name} has the seeds 3"


def test_several_labels_may_have_a_class_that_one_result_did_not_train_on():
    clips = {f"c{n:02}": (f"g{n // 2}", ("a", "b", "a;b")[n % 3]) for n in range(12)}
    said = np.array([["a", "b", "b"] * 4] * 2)
    scores = np.random.default_rng(0).uniform(size=(2, 12, 3))
    few = Predictions("few", ("a", "b"), clips, said, MULTI_LABEL, (1, 2), scores=scores[..., :2])
    more = Predictions("more", ("a", "b", "c"), clips, said, MULTI_LABEL, (1, 2), scores=scores)
    comparison = compare_predictions(few, more)
    assert comparison["micro_f1"]["difference"] == 0
    assert comparison["micro_f1"]["first"] == pytest.approx(24 / 28)  # of 16 labels 12 are found, and none is wrong


def test_other_clips_are_refused_with_what_differs(tmp_path):
    first = read_predictions(write(tmp_path / "a", "a", half))
    second = read_predictions(write(tmp_path / "b", "b", half, clips=11))
    with pytest.raises(FusionError, match="24 clips only in b"):
        compare_predictions(first, second)


def test_another_label_is_refused(tmp_path):
    first = read_predictions(write(tmp_path / "a", "a", half))
    second = read_predictions(write(tmp_path / "b", "b", half))
    second.clips["bass0-0"] = ("bass0", "reed")
    with pytest.raises(FusionError, match="1 clips with another group or label"):
        compare_predictions(first, second)


def test_a_damaged_table_is_a_message(tmp_path):
    folder = write(tmp_path / "a", "a", half)
    lines = (folder / "predictions.csv").read_text().splitlines()
    (folder / "predictions.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(FusionError, match="damaged"):
        read_predictions(folder)


def test_through_the_command_line(place, result, tmp_path):
    done = command(place, "compare", result, result, cold=True)
    assert "whether that is chance cannot be told (no group differs" in " ".join(done.stdout.split())
    assert "0 clips changed" in done.stdout
    assert "These test clips were scored" in done.stdout
    found = json.loads(command(place, "compare", result, result, "--json").stdout)
    assert found["accuracy"]["difference"] == 0
    assert np.isfinite(found["macro_f1"]["first"])
    done = command(place, "compare", result, tmp_path, code=2)
    assert "no result folder" in done.stderr
