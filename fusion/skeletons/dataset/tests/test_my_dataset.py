"""The data set with a few tones in place of its files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import fusion

PLUGINS = [Path(__file__).parents[1]]
SR = 16000  # Hz
CLIPS = [(instrument, player, take) for instrument in ("flute", "oboe") for player in range(5) for take in range(2)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder as the data set's should be."""
    lines = ["file,instrument,player"]
    for number, (instrument, player, _) in enumerate(CLIPS):
        tone = 0.3 * np.sin(2 * np.pi * (220 + 10 * number) * np.arange(SR) / SR)
        soundfile.write(tmp_path / f"{number}.wav", tone, SR)
        lines.append(f"{number}.wav,{instrument},{instrument}-{player}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    return tmp_path


def check(root: Path, **settings: Any) -> dict[str, Any]:
    """Return what an audit says, as `fusion data check` does."""
    spec = {"name": "test", "dataset": {"name": "my_dataset", **settings}, "features": ["mfcc"]}
    return fusion.check(spec, data=root, plugins=PLUGINS, cache=root / "cache", quick=True).report


def test_every_clip_is_read_and_no_player_is_on_both_sides(root: Path) -> None:
    report = check(root)
    assert sum(report["clips"].values()) == len(CLIPS)
    assert set(report["classes"]["train"]) == {"flute", "oboe"}
    assert not any(warning.startswith("shared-groups:") for warning in report["warnings"])


def test_players_are_divided_into_folds(root: Path) -> None:
    assert check(root, protocol="cv", folds=5)["groups"]["test"] == 10


def test_a_missing_file_is_named(root: Path) -> None:
    (root / "3.wav").unlink()
    with pytest.raises(fusion.FusionError, match=r"3\.wav"):
        check(root)
