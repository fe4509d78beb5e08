"""Small data in real layouts, and the command line, for all tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from fusion import cli
from fusion.datasets import synthesis
from fusion.errors import FusionError

SR, SAMPLES = 16000, 64000
FAMILIES = ["bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"]
SOURCES = ["acoustic", "electronic", "synthetic"]


def tone(family: str, pitch: int, velocity: int, samples: int = SAMPLES, sr: int = SR) -> np.ndarray:
    """Return a note whose overtones tell the family: the share of each is a function of its number."""
    time = np.arange(samples) / sr
    number = FAMILIES.index(family)
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    random = np.random.default_rng([number, pitch, velocity])
    y = np.zeros(samples)
    for k in range(1, 9):
        if k * f0 < sr / 2:
            y += np.cos(number * k) ** 2 * np.sin(2 * np.pi * k * f0 * time + random.uniform(0, 6.28)) / k
    y *= np.exp(-time * (0.2 + 0.3 * number)) * velocity / 127 / 4
    return (y + random.normal(0, 1e-4, samples)).astype(np.float32)


def example(note: str) -> dict[str, Any]:
    """Return the entry of examples.json for a note's name."""
    instrument, pitch, velocity = note.rsplit("-", 2)
    family, source, _ = instrument.rsplit("_", 2)
    return {
        "note": abs(hash(note)) % 10**6,
        "note_str": note,
        "instrument": 0,
        "instrument_str": instrument,
        "pitch": int(pitch),
        "velocity": int(velocity),
        "sample_rate": SR,
        "qualities": [0] * 10,
        "qualities_str": [],
        "instrument_family": FAMILIES.index(family),
        "instrument_family_str": family,
        "instrument_source": SOURCES.index(source),
        "instrument_source_str": source,
    }


def write_part(folder: Path, notes: list[str], suffix: str = ".wav") -> None:
    """Write one split in NSynth's layout."""
    (folder / "audio").mkdir(parents=True)
    for note in notes:
        instrument, pitch, velocity = note.rsplit("-", 2)
        family = instrument.rsplit("_", 2)[0]
        soundfile.write(folder / "audio" / f"{note}{suffix}", tone(family, int(pitch), int(velocity)), SR)
    (folder / "examples.json").write_text(json.dumps({note: example(note) for note in notes}))


def names(families: list[str], instruments: list[int], pitches: range, source: str = "acoustic") -> list[str]:
    """Return note names: every family with these instrument numbers and pitches."""
    return [
        f"{family}_{source}_{number:03d}-{pitch:03d}-{velocity:03d}"
        for family in families
        for number in instruments
        for pitch, velocity in zip(pitches, [25, 50, 75, 100, 127] * len(pitches), strict=False)
    ]


@pytest.fixture(scope="session")
def nsynth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in NSynth's layout: three families, read-only by convention."""
    root = tmp_path_factory.mktemp("nsynth")
    families = ["bass", "flute", "reed"]
    write_part(root / "nsynth-train", names(families, [0, 1], range(40, 80, 5)))
    write_part(root / "nsynth-valid", names(families, [2], range(40, 80, 2)))
    write_part(root / "nsynth-test", names(families, [2], range(41, 81, 5)))
    return root


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """A quick experiment file."""
    path = tmp_path / "quick.yaml"
    path.write_text(
        "dataset: {name: nsynth, protocol: seed}\n"
        "features:\n"
        "  mfcc: {n_mfcc: 8}\n"
        "model: {conv_filters: [8], dense_units: [8], embedding: 8}\n"
        "training: {epochs: 2, batch_size: 16}\n"
        "seeds: [1]\n"
    )
    return path


@pytest.fixture
def fusion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """The command line in an empty folder: takes words, gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.delenv("FUSION_CACHE", raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        code = stop.value.code
        assert isinstance(code, int)
        return code, out, err

    return call


TRAINED = """
dataset: {name: nsynth, protocol: seed}
features:
  mfcc: {n_mfcc: 12}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [16, 16], dense_units: [16], embedding: 16, dropout: 0.1}
training: {epochs: 25, batch_size: 16, learning_rate: 5.0e-3}
seeds: [1, 2]
"""


def command(folder: Path, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "fusion.cli", *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="session")
def place(nsynth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an experiment, small.yaml, that has been run once."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.yaml").write_text(TRAINED)
    done = command(folder, "run", "small.yaml", "--data", nsynth, "--jobs", 2)
    (folder / "stdout.txt").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="session")
def result(place: Path) -> Path:
    """The result folder of that experiment."""
    return place / (place / "stdout.txt").read_text().splitlines()[-1]


SEARCH = """
dataset: {name: nsynth}
features:
  mfcc: {n_mfcc: 8}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [8], dense_units: [8], embedding: 8, dropout: 0.1}
training: {epochs: 3, batch_size: 16, learning_rate: 5.0e-3}
search:
  trials: 3
  folds: 2
  space:
    model.dropout: [0.1, 0.2, 0.3]
    model.conv_filters: [[8], [8, 8]]
    training.learning_rate: {min: 1.0e-3, max: 1.0e-2, log: true}
    features.mfcc.n_mfcc: {min: 6, max: 10, step: 2}
seeds: [1]
"""


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three families with four training instruments each, enough for folds of instruments."""
    root = tmp_path_factory.mktemp("many")
    families = ["bass", "flute", "reed"]
    write_part(root / "nsynth-train", names(families, [0, 1, 2, 3], range(40, 80, 8)))
    write_part(root / "nsynth-test", names(families, [4], range(41, 81, 10)))
    return root


@pytest.fixture(scope="session")
def fluidsynth() -> None:
    """Skip the test where FluidSynth is not installed."""
    try:
        synthesis.check_fluidsynth()
    except FusionError as error:
        pytest.skip(str(error))
