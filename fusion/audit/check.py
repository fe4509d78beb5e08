"""The whole check of a data set: every file is read, nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fusion.audit import spectral_fingerprint
from fusion.audit.findings import find, levels, summary, warnings
from fusion.audit.near_identical import find_near_identical
from fusion.audit.soundness import examine_files
from fusion.audit.spectral_fingerprint import SpectralFingerprint
from fusion.datasets.data import Data, with_copies
from fusion.datasets.overview import overview
from fusion.errors import FusionError
from fusion.extraction import wave_fingerprint
from fusion.extraction.checksums import remove_damaged
from fusion.extraction.extract import extract
from fusion.extraction.level_copies import find_level_copies
from fusion.extraction.prepare import leave_out
from fusion.extraction.store import Store, open_stores
from fusion.extraction.wave_fingerprint import WaveFingerprint
from fusion.extraction.windows import cut_windows
from fusion.runtime.workplace import Workplace
from fusion.settings.dataset import DatasetSettings


def check_data(data: Data, settings: DatasetSettings, workplace: Workplace) -> dict[str, Any]:
    """Read every file, and say what is wrong with a data set before anything is trained on it.

    Parameters
    ----------
    data : Data
    settings : DatasetSettings
    workplace : Workplace

    Returns
    -------
    dict
        What `fusion.datasets.overview.overview` returns, and ``audio {rates, channels, seconds, rms_db}``, ``levels
        {split: {dB: clips}}``, ``findings`` (lists of clips by what was found), ``usable`` (whether an experiment
        could run) and, if not, ``why``.
    """
    waves, spectra = _stores(settings, workplace)
    stores = [spectra, waves] if settings.single_notes else [spectra]
    windows = cut_windows(data.dataset.table, settings)
    remove_damaged([store.folder for store in stores], workplace)
    with workplace.progress.task("reading audio", len(windows.windows)) as advance:
        extracted = extract(windows.windows, stores, workplace.workers, advance)
    damaged = windows.damaged_clips(extracted.damaged, data.dataset.table)
    why = f"{len(damaged)} clips are damaged" if damaged and not settings.skip_damaged else ""
    if settings.skip_damaged:
        try:
            data, windows = leave_out(damaged, data, windows, skip=True)
        except FusionError as error:  # too little is left
            why = f"without {len(damaged)} damaged clips: {error}"
    table = data.dataset.table
    windows = windows.only(~table["id"].isin(damaged).to_numpy())
    level_copies = np.empty((0, 2), dtype=np.int64)
    if settings.single_notes:
        level_copies = find_level_copies(data.dataset, windows, waves)
        data = replace(data, duplicates=data.duplicates.with_level_copies(table, level_copies))
        data = with_copies(data, level_copies)
    near = find_near_identical(data.dataset, windows, spectra, level_copies, settings, workplace)
    if near:
        data = with_copies(data, np.array([(pair.first, pair.second) for pair in near]))
    with workplace.progress.task("looking at files", len({*table["content"]} - {""})) as advance:
        sounds = examine_files(list(table["path"]), list(table["content"]), workplace.cache, workplace.workers, advance)
    findings = find(data.dataset, damaged, near, level_copies, sounds, settings.rate)
    report = overview(data.dataset, data.duplicates)
    described = findings["near_identical"]
    report["duplicates"] |= {
        "near_identical": len(described),
        "near_conflicting": sum(pair["conflicting"] for pair in described),
        "near_of_one_group": sum(pair["one_group"] for pair in described),
    }
    return {
        **report,
        "warnings": [*report["warnings"], *warnings(findings, data.dataset, settings.rate, why)],
        "audio": summary(sounds),
        "levels": levels(data.dataset, sounds),
        "findings": findings,
        "usable": not why,
        "why": why,
    }


def _stores(settings: DatasetSettings, workplace: Workplace) -> list[Store]:
    """Return the stores of fingerprints: of waves, and of spectra."""
    features = {wave_fingerprint.NAME: WaveFingerprint(), spectral_fingerprint.NAME: SpectralFingerprint()}
    sources = {wave_fingerprint.NAME: wave_fingerprint.SOURCE, spectral_fingerprint.NAME: spectral_fingerprint.SOURCE}
    return open_stores(workplace.cache, settings, features, sources)
