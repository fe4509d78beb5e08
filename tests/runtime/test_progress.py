import io

import pytest
from rich.console import Console

from fusion.runtime import progress as module
from fusion.runtime.progress import Progress
from fusion.runtime.training_table import TrainingTable, duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand: a list whose last entry is the time."""
    times = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: times[-1])
    return times


def test_the_first_step_gives_no_guess_and_does_not_count_for_later_ones(clock, capsys):
    with Progress().task("extracting", 7, "a clip") as advance:
        clock.append(60.0)  # of which workers needed most to begin
        advance(1)
        assert capsys.readouterr().err == "extracting: 1/7\n"
        clock.append(64.0)
        advance(1)
        clock.append(72.0)
        advance(1)
        assert capsys.readouterr().err == "extracting: 3/7 (6.0 s a clip, 24 s left)\n"
        clock.append(76.0)
        advance(4)
        assert capsys.readouterr().err == "extracting: 7/7 (2.7 s a clip, in 76.0 s)\n"


def test_what_was_stored_before_makes_the_rest_seem_no_faster(clock, capsys):
    with Progress().task("extracting", 1000) as advance:
        advance(900)
        clock.append(10.0)
        advance(50)
        assert capsys.readouterr().err == "extracting: 950/1000 (5/s, 10 s left)\n"


def test_epochs_that_take_seconds_say_so(clock, capsys):
    with Progress().training(["one", "two"], 3) as on_message:
        for name, epoch, time in (("one", 1, 20.0), ("two", 1, 21.0), ("one", 2, 30.0)):
            clock.append(time)
            on_message(("epoch", name, epoch, {}))
        assert (
            capsys.readouterr().err.splitlines()[1]
            == "training 2 networks, epochs in all: 3/6 (5.0 s an epoch, 15 s left)"
        )
        on_message(("epoch", "one", 3, {}))
        on_message(("trained", "one", 3, {}))
        assert "6/6" not in capsys.readouterr().err
        on_message(("trained", "two", 1, {}))  # which stopped early
        assert "training 2 networks, epochs in all: 6/6" in capsys.readouterr().err


def test_of_one_training_epochs_are_counted(capsys):
    with Progress().training(["one"], 2) as on_message:
        on_message(("epoch", "one", 1, {}))
        on_message(("trained", "one", 2, {}))
    assert "training 1 network: epoch 2/2 (" in capsys.readouterr().err


def test_a_terminal_shows_a_line_for_each_training_and_no_first_guess(clock):
    table = TrainingTable(["one", "two", "three"], 10)
    clock.append(50.0)
    table.receive("one", 1, {"loss": 2.0, "accuracy": 0.25}, over=False)
    table.receive("two", 1, {"loss": 2.0, "accuracy": 0.25}, over=False)
    assert table.left() is None
    assert "left" not in table.table().title
    clock.append(54.0)
    for name in ("one", "two"):
        table.receive(name, 2, {"loss": 1.5, "accuracy": 0.5, "val_accuracy": 0.4}, over=False)
    assert table.left() == 26 * 4 / 2  # two at once
    table.receive("one", 2, {}, over=True)
    text = printed(table.table())
    assert "training 3 networks: 1 done, at most 72 s left" in text
    rows = [line.split() for line in text.splitlines() if "/10" in line]
    assert [[cell for cell in row if cell != "│"] for row in rows] == [
        ["one", "2/10", "4.0", "1.500", "0.500", "0.400", "done"],
        ["two", "2/10", "4.0", "1.500", "0.500", "0.400", "32", "s"],
    ]


def test_of_many_trainings_those_that_run_stay_in_sight(clock):
    table = TrainingTable([f"t{number}" for number in range(30)], 2)
    for number in range(30):
        clock.append(1.0 + number)
        table.receive(f"t{number}", 1, {}, over=False)
        if number not in (3, 29):
            table.receive(f"t{number}", 1, {}, over=True)
    shown = [line.split()[1] for line in printed(table.table()).splitlines() if "/2" in line]
    assert shown == [f"t{number}" for number in (19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 3, 29)]


def printed(table):
    console = Console(width=100, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(42.4, "42 s"), (200, "3 min"), (7500, "2 h 05 min"), (5399, "1 h 30 min")]
)
def test_a_duration_is_in_the_unit_that_it_needs(seconds, text):
    assert duration(seconds) == text


def test_a_terminal_gets_the_table_and_quiet_nothing(monkeypatch, capsys):
    progress = Progress()
    progress.terminal = True
    with progress.training(["one"], 2) as receive:
        receive(("epoch", "one", 1, {"loss": 1.0}))
        receive(("trained", "one", 1, {}))
    assert "training 1 network: 1 done" in capsys.readouterr().err
    with Progress(quiet=True).training(["one"], 2) as receive:
        receive(("epoch", "one", 1, {"loss": 1.0}))
    assert capsys.readouterr().err == ""


def test_a_bar_shows_the_same(monkeypatch):
    shown = []
    monkeypatch.setattr("rich.progress.Progress.advance", lambda bars, task, steps: shown.append(bars.columns[3]))
    progress = Progress()
    progress.terminal = True
    with progress.task("training", 3, "an epoch") as advance:
        advance(1)
    task = type("Task", (), {"speed": None, "get_time": None})
    assert shown[0].render(task).plain == ""
    task.speed = 0.5
    assert shown[0].render(task).plain == "2.0 s an epoch"


def test_a_training_is_called_by_what_tells_it_from_the_others():
    table = TrainingTable([f"name/0123/seed-{seed}" for seed in (1, 2)], 4)
    for name in table.trainings:
        table.receive(name, 1, {"loss": 1.0, "val_accuracy": 0.5}, over=False)
    text = printed(table.table())
    assert "seed-2" in text
    assert "0123" not in text
    assert "val. accuracy" in text
