"""The log of looks: what counts, what does not, two processes at once, and a line that was left half-written."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from fusion.datasets.corpus import Corpus
from fusion.errors import FusionError
from fusion.report.wording import looks_text
from fusion.result.folder import ResultFolder
from fusion.result.looks import FILE, most_looks, record_looks
from fusion.runtime.lock import alone


def dataset(*contents):
    """Return a data set with a training clip and these test clips."""
    table = pd.DataFrame({"content": ["t", *contents], "split": ["train", *["test"] * len(contents)]})
    return Corpus("d", "p", table.assign(start=0.0, duration=float("nan")), "songs")


def trained(results, digest, **trainings):
    """Return a result folder whose seeds have these identities, None for one of an older fusion."""
    for seed, identity in trainings.items():
        folder = results / "x" / digest / seed.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        summary = {"folds": 1} | ({"training": identity} if identity else {})
        (folder / "summary.json").write_text(json.dumps(summary))
    return ResultFolder(results / "x" / digest)


def look(results, result, *seeds, data=None):
    counted = record_looks(results, data or dataset("a", "b"), "x", result, seeds)
    return counted["looks"], counted["looks_experiments"]


def test_seeds_reruns_and_other_experiments_count_and_the_same_training_again_does_not(tmp_path):
    first = trained(tmp_path, "one", seed_1="a", seed_2="b")
    assert look(tmp_path, first, 1) == (1, 1)
    assert look(tmp_path, first, 1, 2) == (2, 1)
    assert look(tmp_path, first, 1, 2) == (2, 1)
    assert look(tmp_path, trained(tmp_path, "two", seed_1="c"), 1) == (3, 2)
    assert look(tmp_path, trained(tmp_path, "one", seed_1="d"), 1, 2) == (4, 2)


def test_other_test_clips_are_counted_by_themselves_in_whatever_order(tmp_path):
    result = trained(tmp_path, "one", seed_1="a")
    assert look(tmp_path, result, 1) == (1, 1)
    assert look(tmp_path, result, 1, data=dataset("a", "c")) == (1, 1)
    assert look(tmp_path, trained(tmp_path, "two", seed_1="b"), 1, data=dataset("b", "a")) == (2, 2)


def test_networks_of_an_older_fusion_count_once(tmp_path):
    result = trained(tmp_path, "one", seed_1=None, seed_2=None)
    assert look(tmp_path, result, 1, 2) == look(tmp_path, result, 1, 2) == (2, 1)


def test_a_line_says_who_looked_at_what_and_when(tmp_path):
    look(tmp_path, trained(tmp_path, "one", seed_3="a"), 3)
    (line,) = (tmp_path / FILE).read_text().splitlines()
    entry = json.loads(line)
    assert (entry["experiment"], entry["digest"], entry["seed"], entry["training"]) == ("x", "one", 3, "a")
    assert set(entry) == {"test", "experiment", "digest", "seed", "training", "time"}


@pytest.mark.parametrize(
    "left", [b'{"test": "x", "dig', b"\xff\xfe", b"[1]\n", b'{"test": 1}\n', b"\n\n", b"[" * 99_999]
)
def test_a_line_that_is_not_whole_is_ended_and_not_counted(tmp_path, left):
    assert look(tmp_path, trained(tmp_path, "one", seed_1="a"), 1) == (1, 1)
    with (tmp_path / FILE).open("ab") as file:
        file.write(left)
    assert look(tmp_path, trained(tmp_path, "two", seed_1="b"), 1) == (2, 2)
    assert look(tmp_path, trained(tmp_path, "two", seed_1="b"), 1) == (2, 2)


def test_processes_at_once_lose_no_line(tmp_path):
    code = """
import sys, pathlib
from tests.result.test_looks import look, trained
for n in range(20):
    look(pathlib.Path(sys.argv[1]), trained(pathlib.Path(sys.argv[1]), f"{sys.argv[2]}-{n}", seed_1=f"{sys.argv[2]} {n}"), 1)
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(number)]) for number in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len((tmp_path / FILE).read_text().splitlines()) == 60
    assert look(tmp_path, trained(tmp_path, "0-0", seed_1="0 0"), 1) == (60, 60)
    assert not list(tmp_path.glob("*.lock"))


def test_who_keeps_the_log_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("fusion.result.looks._WAIT", 0.1)
    with alone(tmp_path / f".{FILE}.lock", ""), pytest.raises(FusionError, match="another run keeps it"):
        look(tmp_path, trained(tmp_path, "one", seed_1="a"), 1)


def test_a_log_that_cannot_be_written_is_a_message(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(FusionError, match="cannot be written"):
        look(tmp_path, trained(tmp_path, "one", seed_1="a"), 1)


def test_the_sentence_of_a_page():
    assert looks_text({}) == ""
    assert looks_text({"looks": 1, "looks_experiments": 1}).startswith(
        "These test clips were scored once so far, for 1 result in this folder:"
    )
    assert "12 times so far, for 4 results" in looks_text({"looks": 12, "looks_experiments": 4})


def test_several_results_tell_what_the_last_of_them_counted():
    counts = [{"looks": 2, "looks_experiments": 2}, {}, {"looks": 11, "looks_experiments": 3, "digest": "x"}]
    assert most_looks(counts) == {"looks": 11, "looks_experiments": 3}
    assert most_looks([{}]) == {}
