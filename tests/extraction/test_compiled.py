"""Where compiled functions are kept, and by whom they are compiled."""

import os
from contextlib import nullcontext
from pathlib import Path
from tempfile import gettempdir

import pytest

from fusion.extraction.compiled import compile_first, compiled_in
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, discover
from fusion.runtime.workplace import DEFAULT_CACHE
from tests.support.command import command
from tests.support.notes import names, write_part

CHROMA = "dataset: {name: nsynth, protocol: course}\nfeatures: {tonnetz: {chroma: stft, tuning: estimate}}\n"


def test_the_cache_is_named_for_processes_that_start_meanwhile_unless_a_person_named_one(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    with compiled_in(tmp_path):
        assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")
    assert "NUMBA_CACHE_DIR" not in os.environ
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    with compiled_in(tmp_path):
        assert os.environ["NUMBA_CACHE_DIR"] == "elsewhere"
    assert os.environ["NUMBA_CACHE_DIR"] == "elsewhere"


def test_where_nobody_named_a_cache_nothing_is_unpickled_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    for cache in (DEFAULT_CACHE, DEFAULT_CACHE.absolute()):
        with compiled_in(cache):
            assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "mine" / "fusion" / "numba")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    with compiled_in(DEFAULT_CACHE):
        passing = os.environ["NUMBA_CACHE_DIR"]
    assert Path(passing).parents[1] == Path(gettempdir())
    monkeypatch.setenv("XDG_CACHE_HOME", "mine")  # relative paths are ignored, as its specification says
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with compiled_in(DEFAULT_CACHE):
        assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "home" / ".cache" / "fusion" / "numba")


def test_another_installation_compiles_for_itself(tmp_path, monkeypatch):
    source = discover(FEATURES)["tonnetz"]
    built = [(source, load(source)().model_dump_json(), 16000, 16000)]
    compile_first(built, tmp_path)
    called = []
    monkeypatch.setattr("fusion.extraction.compiled.sys.version_info", (3, 99, 0))
    monkeypatch.setattr("fusion.extraction.compiled.run", lambda calls, jobs: nullcontext(called.extend(calls) or []))
    compile_first(built, tmp_path)
    assert len(called) == 1


def test_features_are_called_once_a_cache(tmp_path, monkeypatch):
    source = discover(FEATURES)["tonnetz"]
    built = [(source, load(source)().model_dump_json(), 16000, 16000)]
    compile_first(built, tmp_path)
    monkeypatch.setattr("fusion.extraction.compiled.run", None)  # is not used again
    compile_first(built, tmp_path)


@pytest.mark.long
@pytest.mark.slow
def test_librosas_functions_are_kept_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    for split in ("train", "valid", "test"):
        write_part(tmp_path / "data" / f"nsynth-{split}", names(["bass", "flute"], [0, 1], range(40, 60, 10)))
    (tmp_path / "chroma.yaml").write_text(CHROMA)
    command(tmp_path, "extract", "chroma.yaml", "--data", "data", "--cache", "cache", "--jobs", 2, cold=True)
    assert list((tmp_path / "cache" / "numba").rglob("*.nbi"))
    assert not list((tmp_path / "cache").rglob("*.lock"))
