"""A wheel, installed elsewhere, does the main job from a folder that holds only a YAML file."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: setuptools writes build folders beside what it builds
    for name in ("fusion", "features"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_features_sample_and_licences(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("train", "valid", "test"):
        assert f"fusion/sample/nsynth/nsynth-{part}/examples.json" in names
    assert sum(name.endswith(".ogg") for name in names) > 900
    assert {"fusion_features/mfcc.py", "fusion/py.typed", "fusion/sample/nsynth/LICENSE-FluidR3.txt"} <= set(names)
    assert {"fusion/report/templates/result.html.j2", "fusion/report/templates/page.js"} <= set(names)
    assert {"fusion/skeletons/feature/my_feature.py", "fusion/skeletons/feature/tests/test_my_feature.py"} <= set(names)
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "features/", "results"))]


@pytest.mark.slow
def test_wheel_runs_from_an_empty_folder(wheel, tmp_path):
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.yaml").write_text(
        "dataset: {name: nsynth, protocol: course, limit: 6}\nfeatures: {mfcc: {}}\ntraining: {epochs: 1}\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = subprocess.run(
        [sys.executable, "-c", "import fusion; print(fusion.__file__)"],
        **{"cwd": work, "env": environment, "check": True, "capture_output": True, "text": True},
    )
    assert where.stdout.startswith(str(site))
    done = subprocess.run(
        [sys.executable, "-m", "fusion.cli", "run", "mine.yaml", "--sample", "--seeds", "1", "--json"],
        **{"cwd": work, "env": environment, "capture_output": True, "text": True, "timeout": 300},
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert metrics["sample"] is True
    assert metrics["clips"]["test"] == 54
    assert (work / "results" / "mine" / metrics["digest"] / "report.html").exists()
