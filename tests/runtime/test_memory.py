"""Results are computed once, and an interrupted command loses one batch at most."""

import sqlite3

import pytest

from fusion.errors import FusionError
from fusion.runtime.memory import remembered

WHERE = "tests.runtime.test_memory:doubled"


def doubled(tasks):
    """Return twice each number; refuse 13, and leave a line for each batch beside the table."""
    if any(number == 13 for number, _ in tasks):
        raise FusionError("thirteen")
    with (tasks[0][1] / "batches.txt").open("a") as file:
        file.write(f"{[number for number, _ in tasks]}\n")
    return [2 * number for number, _ in tasks]


def call(folder, numbers, **options):
    tasks = {str(number): (number, folder) for number in numbers}
    return remembered(folder / "new" / "table.sqlite", options.pop("version", 1), tasks, WHERE, batch=2, **options)


def batches(folder):
    return (folder / "batches.txt").read_text().split("\n")[:-1]


def test_what_is_known_is_not_computed_again(tmp_path):
    steps = []
    assert call(tmp_path, [1, 2, 3], advance=steps.append) == {"1": 2, "2": 4, "3": 6}
    assert steps == [0, 2, 1]
    assert batches(tmp_path) == ["[1, 2]", "[3]"]
    assert call(tmp_path, [2, 4]) == {"2": 4, "4": 8}
    assert batches(tmp_path)[2:] == ["[4]"]
    assert call(tmp_path, []) == {}


def test_another_version_is_computed_anew(tmp_path):
    call(tmp_path, [1])
    call(tmp_path, [1], version=2)
    call(tmp_path, [1], version=2)
    assert batches(tmp_path) == ["[1]", "[1]"]


def test_what_is_not_current_is_computed_anew_and_replaced(tmp_path):
    call(tmp_path, [1, 2])
    assert call(tmp_path, [1, 2], is_current=lambda key, result: (key, result) == ("1", 2)) == {"1": 2, "2": 4}
    assert batches(tmp_path) == ["[1, 2]", "[2]"]
    with sqlite3.connect(tmp_path / "new" / "table.sqlite") as database:
        assert database.execute("SELECT count(*) FROM results").fetchone() == (2,)


def test_a_changed_digit_is_computed_anew(tmp_path):
    call(tmp_path, [1, 2])
    with sqlite3.connect(tmp_path / "new" / "table.sqlite") as database:
        database.execute("UPDATE results SET result = replace(result, '4 ', '5 ') WHERE key = '2'")
    assert call(tmp_path, [1, 2]) == {"1": 2, "2": 4}
    assert batches(tmp_path) == ["[1, 2]", "[2]"]


def test_only_what_is_asked_for_is_read(tmp_path):
    call(tmp_path, [1, 2])
    with sqlite3.connect(tmp_path / "new" / "table.sqlite") as database:
        database.execute("UPDATE results SET result = '{' WHERE key = '2'")
    assert call(tmp_path, [1]) == {"1": 2}
    assert call(tmp_path, [2]) == {"2": 4}


def test_what_was_finished_before_a_failure_is_kept(tmp_path):
    with pytest.raises(FusionError, match="thirteen"):
        call(tmp_path, [1, 2, 13, 4, 5])
    done = len(batches(tmp_path))
    assert done >= 1
    assert call(tmp_path, [1, 2]) == {"1": 2, "2": 4}
    assert len(batches(tmp_path)) == done


def test_a_damaged_table_is_named(tmp_path):
    call(tmp_path, [1])
    with sqlite3.connect(tmp_path / "new" / "table.sqlite") as database:
        database.execute("DROP TABLE results")
        database.execute("CREATE TABLE results (another INT)")
    with pytest.raises(FusionError, match=r"table\.sqlite.*delete this file"):
        call(tmp_path, [1])


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "new").write_text("")
    with pytest.raises(FusionError, match="new"):
        call(tmp_path, [1])
