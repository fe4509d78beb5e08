"""A real scheduler and real workers on this machine: what local processes do, they do."""

import os
import shutil
import signal
import sys
import textwrap
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest

from fusion.errors import FusionError
from fusion.runtime import cluster as cluster_module
from fusion.runtime.admission import Versions, versions_here
from fusion.runtime.cluster import Cluster, connect
from fusion.runtime.workers import run
from tests.support.clusters import ROOT, scheduler, wait, worker, workers_of
from tests.support.worker_tasks import TASKS

OWN = """
    def who(seconds):
        time.sleep(seconds)
        return os.getppid()

    def where(task):
        return task.trains, os.getppid()

    def environment(_):
        folders = os.environ["NUMBA_CACHE_DIR"], os.environ["TMPDIR"]
        return os.environ["OMP_NUM_THREADS"], os.environ["KERAS_HOME"], os.getcwd(), *folders

    def text(paths):
        return [path.read_text() for path in paths]
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The folder of a module that workers can import."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "cluster_tasks.py").write_text(TASKS + textwrap.dedent(OWN))
    return folder


@pytest.fixture(scope="module")
def file(modules):
    """The file of a scheduler with two workers."""
    with scheduler(modules) as (path, _), worker(path, path=[modules]), worker(path, path=[modules]):
        wait(lambda: workers_of(path) == 2)
        yield path


@pytest.fixture
def two(file, tmp_path):
    """Those two workers."""
    return connect(str(file), [tmp_path], [tmp_path / "cache"])


def results(name, tasks, cluster, **options):
    with run([(f"cluster_tasks:{name}", task) for task in tasks], cluster, **options) as finished:
        return list(finished)


def test_results_come_with_their_tasks_and_messages_arrive(two, tmp_path):
    messages = []
    found = dict(results("double", range(9), two, on_message=messages.append))
    assert found == {number: 2 * number for number in range(9)}
    assert sorted(messages) == [("doubling", number) for number in range(9)]
    assert two.threads == 2
    assert two.shared
    assert not list(tmp_path.iterdir())


def test_what_a_task_raises_is_raised(two):
    with pytest.raises(ValueError, match="no 3"):
        results("fail", [3], two)


@pytest.mark.long
def test_a_killed_process_is_an_error_with_its_last_words_and_the_worker_goes_on(two):
    with pytest.raises(FusionError, match=r"worker process died(.|\n)*last words"):
        results("die", [1], two)
    assert results("double", [4], two) == [(4, 8)]


def test_tasks_have_processes_as_on_one_machine_and_a_folder_of_their_own(file, two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((_, found),) = results("environment", [None], two, threads=3)
    assert found[:3] == ("3", os.devnull, str(tmp_path))
    assert found[3] == f"{found[4]}/numba-0"
    assert found[4].startswith(str(file.parent))


@pytest.mark.long
def test_the_processes_are_kept_within_a_run(two):
    pids = {pid for _, pid in results("who", [0.05] * 8, two)}
    assert len(pids) == 2
    assert os.getpid() not in pids


@pytest.mark.long
def test_a_killed_worker_changes_nothing_and_one_that_joins_is_used(file, modules, two):
    with worker(file, path=[modules]) as third:
        wait(lambda: workers_of(file) == 3)
        found = []
        with run([("cluster_tasks:who", 0.4) for _ in range(30)], connect(str(file), [], [])) as finished:
            for _, who in finished:
                found.append(who)
                if len(found) == 3:
                    third.send_signal(signal.SIGKILL)
                    fourth = worker(file, path=[modules])
                    joined = fourth.__enter__()
        fourth.__exit__(None, None, None)
    assert len(found) == 30
    assert joined.pid in found
    assert found[10:].count(third.pid) == 0


@pytest.mark.long
def test_tasks_whose_last_worker_died_go_on_with_the_next_one(modules, tmp_path):
    with ExitStack() as crew:
        path, _ = crew.enter_context(scheduler(tmp_path))
        only = crew.enter_context(worker(path, path=[modules]))
        wait(lambda: workers_of(path) == 1)
        joined = []
        with run([("cluster_tasks:who", 0.4) for _ in range(6)], connect(str(path), [], [])) as finished:
            assert next(finished)[1] == only.pid
            only.send_signal(signal.SIGKILL)
            only.wait()
            wait(lambda: workers_of(path) == 0)
            joining = Timer(3, lambda: joined.append(crew.enter_context(worker(path, path=[modules]))))
            joining.start()  # when it was seen that none is left
            with pytest.warns(UserWarning, match="no worker is left; the command goes on when there is one again"):
                found = [who for _, who in finished]
        joining.join()
        assert found == [joined[0].pid] * 5


@pytest.mark.long
def test_a_worker_with_another_fusion_is_refused_by_name_and_gets_no_task(file, modules, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "fusion", tmp_path / "fusion", ignore=shutil.ignore_patterns("__pycache__", "sample"))
    with (tmp_path / "fusion" / "errors.py").open("a") as text:
        text.write("# changed\n")
    with worker(file, path=[tmp_path, modules]) as other:
        wait(lambda: workers_of(file) == 3)
        with pytest.warns(UserWarning, match=r"worker tcp://127.*is refused: text of fusion \w+, not \w+"):
            found = results("who", [0.1] * 20, connect(str(file), [], []))
        assert len(found) == 20
        assert other.pid not in {who for _, who in found}
    none = r"no worker of this scheduler can be used:\n.*text of fusion"
    with (
        scheduler(tmp_path) as (path, _),
        worker(path, path=[tmp_path]),
        pytest.raises(FusionError, match=none),
    ):
        connect(str(path), [], [])


@pytest.mark.long
def test_trainings_go_to_workers_with_a_gpu_once_there_is_one_and_everything_else_to_all(file, modules):
    tasks = [SimpleNamespace(trains=number % 4 == 0) for number in range(24)]
    with worker(file, "--resources", "GPU=1", path=[modules]) as third:
        wait(lambda: workers_of(file) == 3)
        found = [found for _, found in results("where", tasks, connect(str(file), [], []))]
    assert [who for trains, who in found if trains] == [third.pid] * 6
    assert len({who for trains, who in found if not trains}) >= 2


def test_what_differs_is_named():
    here = versions_here()
    assert {"fusion", "python", "numpy", "soxr", "KERAS_BACKEND", "text of fusion"} <= set(here.by_name)
    other = Versions({**here.by_name, "numpy": "1.0"})
    assert other.differences(here) == [f"numpy 1.0, not {here.by_name['numpy']}"]
    assert other.resource != here.resource
    assert versions_here().resource == here.resource


@pytest.mark.long
def test_who_leaves_cancels_what_it_submitted_and_nobody_elses(file, two, tmp_path):
    from distributed import Client

    marks = [tmp_path / "first", tmp_path / "second"]

    def interrupted():
        calls = [("cluster_tasks:double", 1), *(("cluster_tasks:sleep", str(mark)) for mark in (*marks, marks[0]))]
        with run(calls, two) as finished:
            assert next(finished) == (1, 2)
            wait(lambda: any(mark.exists() and mark.read_text() for mark in marks))
            raise KeyboardInterrupt

    with Client(two.address, set_as_default=False) as other:
        theirs = other.submit(pow, 2, 5, pure=False)
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        wait(lambda: not any(alive(int(mark.read_text())) for mark in marks if mark.exists()))
        assert theirs.result(timeout=30) == 32
    assert results("double", [3], two) == [(3, 6)]


@pytest.mark.long
def test_a_killed_scheduler_ends_the_command_and_says_what_is_kept(modules, tmp_path):
    with scheduler(tmp_path) as (path, process), worker(path, path=[modules]):
        cluster = connect(str(path), [], [])
        began = time.monotonic()
        found = []

        def work():
            with run([("cluster_tasks:who", 0.2) for _ in range(100)], cluster) as finished:
                for _, who in finished:
                    found.append(who)
                    if len(found) == 2:
                        process.send_signal(signal.SIGKILL)

        with pytest.raises(FusionError, match=r"the scheduler ended.*kept.*same command"):
            work()
        assert time.monotonic() - began < 60


def test_files_travel_where_folders_are_not_seen(two, tmp_path):
    blind = Cluster(two.address, two.read, two.written, two.threads, shared=False)
    (tmp_path / "in.txt").write_text("content")
    assert results("text", [(tmp_path / "in.txt",)], blind) == [((tmp_path / "in.txt",), ["content"])]


@pytest.mark.long
def test_nobody_there_no_file_and_no_dask_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "_ANSWER", 0.5)
    with pytest.raises(FusionError, match=r"tcp://127.0.0.1:9: no scheduler answers there.*dask scheduler"):
        connect("tcp://127.0.0.1:9", [], [])
    with pytest.raises(FusionError, match="neither an address as tcp://HOST:PORT nor a scheduler file"):
        connect(str(tmp_path / "none.json"), [], [])
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(FusionError, match="it names no address"):
        connect(str(tmp_path / "other.json"), [], [])
    monkeypatch.setattr(cluster_module, "_ANSWER", 5.0)  # on a busy machine it takes its time
    with scheduler(tmp_path) as (path, _), pytest.raises(FusionError, match=r"can be used:\n  it has none\nstart one"):
        connect(str(path), [], [])
    (tmp_path / "other" / "fusion").mkdir(parents=True)
    (tmp_path / "other" / "fusion" / "__init__.py").write_text("raise ImportError('too old')")
    without = r"the scheduler cannot read fusion's tasks \(ImportError: too old\)"
    with scheduler(tmp_path / "other", [tmp_path / "other"]) as (path, _), pytest.raises(FusionError, match=without):
        connect(str(path), [], [])
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FusionError, match=r"pip install 'fusion-mir\[cluster\]'"):
        connect("tcp://127.0.0.1:9", [], [])


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(autouse=True)
def loud():
    """A warning that no test expects is a failure."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="worker tcp|no worker")
        yield
