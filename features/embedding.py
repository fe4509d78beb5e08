"""Vectors of clips that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from fusion.errors import FusionError, listing
from fusion.feature.contract import Feature
from fusion.feature.parameter_file import FileParameter
from fusion.sound.clip import Clip

from ._vectors import Vectors, read_vectors


class Embedding(Feature):
    """A vector for each clip, computed elsewhere and read from a file.

    The file is one of

    - ``.npz``: two arrays, named as `key` says (``id`` or ``path``), texts ``(clips,)``, and ``vectors``, numbers
      ``(clips, size)``, as ``np.savez(file, id=names, vectors=vectors)`` writes them;
    - ``.parquet``, ``.csv``, ``.tsv``: a column of texts named as `key` says; all other columns are numbers, one for
      each dimension.

    An id is that of ``predictions.csv``: part and note in NSynth (``nsynth-test/bass_synthetic_068-049-025``), the
    path below the data set's folder for sounds of your own. A path may be absolute, or the end of one that tells files
    apart, as ``violin/1.wav``; the longest one that fits counts. Every clip needs a row, rows of other clips are passed
    over. All windows of a clip have its one vector, and so has each part of a file if `key` is ``path``. Distorted
    copies and mixtures have none. ``fusion predict`` finds files by their path alone.

    References
    ----------
    J. Cramer, H.-H. Wu, J. Salamon and J. P. Bello: "Look, listen, and learn more: design choices for deep audio
    embeddings", ICASSP 2019, 3852-3856, https://doi.org/10.1109/ICASSP.2019.8682475
    """

    by_clip: ClassVar[bool] = True

    file: FileParameter = Field(description="vectors, .npz, .parquet, .csv or .tsv; relative to the experiment file")
    key: Literal["id", "path"] = Field(default="id", description="what rows are found by: the clip's id or its path")

    @model_validator(mode="after")
    def _readable(self) -> Embedding:
        self._vectors()
        return self

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(size,)`` of the vectors, whatever the clip."""
        return (self._vectors().values.shape[1],)

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the clip's vector."""
        row = self._row(clip.id, clip.path)
        if row is None:
            raise FusionError(
                f"{self.file}: has no vector for this {self.key}; how its vectors were computed is not known here, so "
                "only clips that are in it can be used (files that are in no data set: with key: path)"
            )
        return self._vectors().values[row].copy()

    def check_clips(self, ids: Sequence[str], paths: Sequence[Path]) -> None:
        """Raise FusionError, with a list, for clips without a row, and for rows that stand for several files."""
        missing: list[str] = []
        files: dict[int, set[Path]] = {}  # by row: an id is one clip's, but a path may be the end of several
        for name, path in zip(ids, paths, strict=True):
            row = self._row(name, path)
            if row is None:
                missing.append(name if self.key == "id" else str(path))
            elif self.key == "path":
                files.setdefault(row, set()).add(path)
        rows = self._vectors().rows
        if missing:
            raise FusionError(
                f"{self.file}: has no vector for {len(missing)} of {len(ids)} clips; add rows with these as {self.key} "
                f"(it has {len(rows)}, as {', '.join(map(repr, list(rows)[:3]))}):\n{listing(missing)}"
            )
        if several := [name for name, row in rows.items() if len(files.get(row, ())) > 1]:
            raise FusionError(
                f"{self.file}: {len(several)} paths are the end of several files' each; write more of their folders:\n"
                f"{listing(several)}"
            )

    def _row(self, name: str, path: Path | None) -> int | None:
        if self.key == "id":
            return self._vectors().row_of_id(name)
        return None if path is None else self._vectors().row_of_path(path)

    def _vectors(self) -> Vectors:
        return read_vectors(self.file, self.key)
