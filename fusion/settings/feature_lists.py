"""Named lists of features, to be written where a feature is: ``features: [fusion:timbre, log_mel]``.

A list never changes once it is published, so that an experiment that names it stays what it was: parameters that
matter are written out, and a better list gets a new name (``fusion:timbre-2``). A list becomes plain features before
anything is checked; a result's ``spec.yaml`` names these alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fusion.errors import did_you_mean

PREFIX = "fusion:"

_FOUR = ("mean", "std", "delta_mean", "delta_std")
_EIGHT = ("mean", "std", "p10", "median", "p90", "slope", "attack", "change")


def _summarised(statistics: Sequence[str] = _FOUR, **parameters: Any) -> dict[str, Any]:
    # a mapping and a list of its own for each feature: an option that changes one must not change another
    return {"statistics": [*statistics], **parameters}


_spectral = partial(_summarised, n_fft=1024, hop_length=512)


def _timbre(**parameters: Any) -> dict[str, dict[str, Any]]:
    """Return all scalars of timbre with the statistics that helped on unknown instruments, harmonics and envelope."""
    return {
        "envelope": {},
        "harmonics": _summarised(
            n_fft=4096, hop_length=2048, f0="clip", fmin=27.5, fmax=4186.0, harmonics=20, active_db=40.0
        ),
        "low_to_high_ratio": _spectral(**parameters, cutoff=1000.0),
        "rms": _spectral(**parameters, ref="max"),
        "spectral_bandwidth": _spectral(**parameters),
        "spectral_centroid": _spectral(**parameters),
        "spectral_contrast": _spectral(**parameters, n_bands=6, fmin=200.0),
        "spectral_crest": _spectral(**parameters),
        "spectral_entropy": _spectral(**parameters),
        "spectral_flatness": _spectral(**parameters),
        "spectral_flux": _spectral(**parameters),
        "spectral_rolloff": _spectral(**parameters, roll_percent=[0.5, 0.85, 0.95]),
        "spectral_shape": _spectral(**parameters),
        "spectral_slope": _spectral(**parameters),
        "zero_crossing_rate": _summarised(**parameters, frame_length=1024, hop_length=512),
    }


LISTS: dict[str, dict[str, dict[str, Any]]] = {
    "fusion:five": {
        "mfcc": {"n_mfcc": 20, "n_fft": 1024, "hop_length": 512, "n_mels": 128, "ref": 1, "deltas": 0},
        "spectral_centroid": _spectral(statistics=_EIGHT),
        "spectral_rolloff": _spectral(statistics=_EIGHT, roll_percent=0.85),
        "tonnetz": _spectral(statistics=_EIGHT, chroma="stft", tuning=0.0),
        "zero_crossing_rate": _summarised(statistics=_EIGHT, frame_length=1024, hop_length=512),
    },
    "fusion:timbre": _timbre(),
    # the same of sounding frames alone, and MFCCs below the loudest: for recordings of any level, with any silence
    "fusion:recorded": {
        **_timbre(active_db=40.0),
        "mfcc": {
            "n_mfcc": 40,
            "n_fft": 1024,
            "hop_length": 512,
            "n_mels": 128,
            "ref": "max",
            "deltas": 0,
            "active_db": 40.0,
        },
    },
}


def expanded(written: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return the features of a mapping in which lists may stand, each with the name that it comes from.

    Parameters
    ----------
    written : dict
        Features with their parameters, and lists with none.

    Returns
    -------
    dict of str to (str, object)
        Feature to the key of `written` that brings it, and its parameters. A list that cannot become features (it is
        not known, has parameters or brings a feature that is there already) stays itself; `wrong_list` says why.
    """
    features: dict[str, tuple[str, Any]] = {name: (name, value) for name, value in written.items() if name not in LISTS}
    for name, value in written.items():
        if name in LISTS:
            usable = not value and features.keys().isdisjoint(LISTS[name])
            brought = copy.deepcopy(LISTS[name]) if usable else {name: value}
            features |= {feature: (name, parameters) for feature, parameters in brought.items()}
    return features


def wrong_list(name: str, value: Any, places: Mapping[str, str]) -> str:
    """Say why a list did not become features.

    Parameters
    ----------
    name : str
        It begins with ``fusion:``.
    value : object
        What is written behind it.
    places : mapping of str to str
        Where the features beside it were written.
    """
    if name not in LISTS:
        return f"no such list of features{did_you_mean(name, LISTS)} (known: {', '.join(LISTS)})"
    if value:
        return f"a list of features takes no parameters, found {value!r}; name its features to change one"
    twice = ", ".join(f"{feature} (also at {places[feature]})" for feature in LISTS[name] if feature in places)
    return f"{name} has {twice}; name a feature once, by a list or by itself"
