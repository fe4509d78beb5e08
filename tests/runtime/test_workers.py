import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import ClassVar

import pytest

from fusion.errors import FusionError
from fusion.runtime import workers
from fusion.runtime.spawn import Worker
from fusion.runtime.workers import in_turn, processors, run
from tests.support.warm import COLD, WarmContext
from tests.support.worker_tasks import TASKS

OWN = """
    def imported(name):
        return name in sys.modules

    def who(_):
        return os.getpid()

    def chat(_):
        print("not for stdout")
        os.system("echo nor this")

    def threads(_):
        return os.environ["OMP_NUM_THREADS"], os.environ["TF_NUM_INTRAOP_THREADS"]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The folder of a module that workers can import."""
    (tmp_path / "tasks.py").write_text(TASKS + textwrap.dedent(OWN))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return tmp_path


@pytest.fixture(params=[COLD, WarmContext], ids=["cold", "warm"])
def tasks(module, request, monkeypatch):
    """The same, for workers as people have them, and as most tests do."""
    monkeypatch.setattr(workers, "Context", request.param)
    return module


def results(*arguments, **named):
    with run(*arguments, **named) as finished:
        return list(finished)


@pytest.mark.parametrize(("context", "ready"), [(COLD, False), (WarmContext, True)])
def test_warm_workers_alone_have_imported_keras_when_they_begin(module, monkeypatch, context, ready):
    monkeypatch.setattr(workers, "Context", context)
    ((_, found),) = results([("tasks:imported", "keras")], 1)
    assert found == ready


def test_results_come_with_their_tasks_and_messages_arrive(tasks):
    messages = []
    found = dict(results([("tasks:double", number) for number in range(5)], 2, on_message=messages.append))
    assert found == {number: 2 * number for number in range(5)}
    assert sorted(messages) == [("doubling", number) for number in range(5)]


@dataclass(frozen=True)
class Training:
    number: int
    trains: ClassVar[bool] = True


def test_who_trains_is_replaced_after_a_while(tasks, monkeypatch):
    monkeypatch.setattr(workers, "MOST_TRAINED", 2)
    found = results([("tasks:who", Training(number)) for number in range(5)], 1)
    pids = [pid for _, pid in found]
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 4]
    assert len({pid for _, pid in results([("tasks:who", number) for number in range(5)], 1)}) == 1


def test_what_a_worker_raises_is_raised(tasks):
    with pytest.raises(ValueError, match="no 3"):
        results([("tasks:fail", 3)], 1)


def test_calls_in_turn_have_a_new_process_after_a_while(tasks):
    with in_turn("tasks:who", 2) as who:
        found = [who(0) for _ in range(5)]
    assert [found.index(pid) for pid in found] == [0, 0, 2, 2, 4]
    assert os.getpid() not in found


def test_what_is_raised_in_turn_is_raised_and_the_process_goes_on(tasks):
    with in_turn("tasks:fail", 5) as fail:
        for number in (1, 2):
            with pytest.raises(ValueError, match=f"no {number}"):
                fail(number)


def test_a_process_killed_in_turn_is_an_error_with_its_last_words_and_replaced(tasks):
    with in_turn("tasks:die", 5) as die:
        for _ in range(2):
            with pytest.raises(FusionError, match=r"worker process died(.|\n)*last words"):
                die(1)


def test_workers_have_ended_when_their_caller_was_interrupted(module):
    marks = [module / "first", module / "second"]

    def interrupted():
        with run([("tasks:double", 1), *(("tasks:sleep", str(mark)) for mark in marks)], 3) as finished:
            next(finished)
            wait(lambda: all(mark.exists() and mark.read_text() for mark in marks))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as error:
        interrupted()
    assert error  # it holds the caller's frame, which alone must keep nothing running
    assert not any(alive(int(mark.read_text())) for mark in marks)


def test_stdout_is_not_for_workers(tasks, capfd):
    results([("tasks:chat", 1)], 1)
    assert capfd.readouterr().out == ""


def test_a_killed_worker_is_an_error_with_its_last_words(tasks):
    with pytest.raises(FusionError, match=r"worker process died(.|\n)*last words"):
        results([("tasks:die", 1), ("tasks:die", 2)], 2)


def test_workers_have_the_threads_asked_for_and_this_process_keeps_its_own(tasks):
    before = dict(os.environ)
    ((_, found),) = results([("tasks:threads", None)], 1, threads=3)
    assert found == ("3", "3")
    assert dict(os.environ) == before


def test_threads_that_start_workers_at_once_leave_the_main_module_as_it_was(monkeypatch):
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", "script.py", raising=False)
    monkeypatch.setattr(SpawnProcess, "start", lambda _: time.sleep(0.2))
    threads = [Thread(target=Worker().start) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert main.__file__ == "script.py"


def test_processors_are_those_that_this_process_may_use(monkeypatch):
    assert 1 <= processors() <= os.cpu_count()
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert processors() == 1


def test_counting_processors_costs_nothing_at_the_start():
    code = "import sys, fusion.cli.app; print([name for name in ('joblib', 'filelock', 'requests') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(module, how):
    mark = module / "pid"
    code = f"from fusion.runtime.workers import run\nwith run([('tasks:sleep', {str(mark)!r})], 1) as results: list(results)"
    (module / "parent.py").write_text(code)
    parent = subprocess.Popen([sys.executable, module / "parent.py"], stderr=subprocess.DEVNULL)
    wait(lambda: mark.exists() and mark.read_text())
    parent.send_signal(how)
    parent.wait(30)
    worker = int(mark.read_text())
    wait(lambda: not alive(worker))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("waited 30 s in vain")
