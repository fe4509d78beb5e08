"""The examples in docstrings run and give what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"fusion": ROOT / "fusion", "fusion_features": ROOT / "features"}
MODULES = sorted(
    ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
    for package, folder in PACKAGES.items()
    for path in folder.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)

LONG = {f"fusion.api.{name}" for name in ("result", "results")}  # they train in their examples
SLOW = {f"fusion.api.{name}" for name in ("curve", "experiments", "search", "stress")}  # several trainings each


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One feature store for all examples that run an experiment."""
    return tmp_path_factory.mktemp("cache")


def case(name):
    """Return a module as a parameter, with its mark."""
    if name in SLOW:
        return pytest.param(name, marks=pytest.mark.slow)
    return pytest.param(name, marks=pytest.mark.long) if name in LONG else name


@pytest.mark.parametrize("name", map(case, MODULES))
def test_examples_give_what_they_show(name, cache, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUSION_CACHE", str(cache))
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
