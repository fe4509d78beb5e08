"""Phrases of several players."""

from pathlib import Path

import pandas as pd

from fusion import Dataset


class MyDataset(Dataset):
    """Phrases of several players, a sound file each, listed in clips.csv as file, instrument, player.

    Fields of this class are settings of its own; ``protocol``, ``window``, ``folds`` and others are there already.
    """

    title = "My data set (A. Author, 2026)"
    licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
    needs = ("clips.csv",)
    group_noun = "players"

    def read(self, root: Path) -> pd.DataFrame:
        """Return a row for each clip.

        Parameters
        ----------
        root : Path
            The folder of ``--data``, else ``data/my_dataset``.

        Returns
        -------
        DataFrame
            Texts: ``path`` relative to `root`; ``labels``; ``group``, whose clips are never divided. Where the data
            have them, ``split`` (train, validation, test), ``start`` and ``duration`` (seconds), too.
        """
        clips = pd.read_csv(root / "clips.csv", dtype=str)
        return pd.DataFrame({"path": clips["file"], "labels": clips["instrument"], "group": clips["player"]})
