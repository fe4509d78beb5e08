import pytest

from fusion.runtime import progress as module
from fusion.runtime.progress import Progress


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
        assert capsys.readouterr().err.splitlines()[1] == "training 2 networks: 3/6 (5.0 s an epoch, 15 s left)"
        on_message(("epoch", "one", 3, {}))
    assert "training 2 networks: 6/6" in capsys.readouterr().err  # the other one stopped early


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
