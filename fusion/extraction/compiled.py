"""Where librosa's compiled functions are kept: in the cache that a person named, compiled by one process before others.

An installation may be read-only and a person without a home folder, as in containers. And two processes that compile
one function at once can leave a cache that crashes every later call. Numba unpickles what it kept, so where nobody
named a cache nothing is read from the working folder, which may be a stranger's.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fusion.feature.registry import build
from fusion.plugins.registry import Source
from fusion.runtime.files import unwritable, write_text
from fusion.runtime.lock import alone
from fusion.runtime.workers import run
from fusion.runtime.workplace import DEFAULT_CACHE
from fusion.sound.clip import Clip

_VARIABLE = "NUMBA_CACHE_DIR"  # read when numba is imported, by processes that are started

Built = tuple[Source, str, int, int]
"""A feature's source and parameters, a window's samples and its sampling rate in Hz."""


@contextmanager
def compiled_in(cache: Path) -> Iterator[None]:
    """Have processes that are started meanwhile keep compiled functions in the cache, unless a person says where."""
    before = os.environ.get(_VARIABLE)
    os.environ.setdefault(_VARIABLE, str(_trusted(cache) / "numba"))
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]


def compile_first(features: Sequence[Built], cache: Path) -> None:
    """Have one process call features once, if that was never done with this cache; call it within `compiled_in`.

    Raises
    ------
    FusionError
        If the cache cannot be written.
    """
    cache = _trusted(cache)
    libraries = "-".join((*map(importlib.metadata.version, ("librosa", "numba")), _installation()))
    names = {built: hashlib.sha256(repr(built).encode()).hexdigest()[:12] for built in features}
    done = {built: cache / "numba" / f"compiled-{libraries}" / name for built, name in names.items()}
    if all(path.exists() for path in done.values()):
        return
    try:
        with alone(
            cache / "numba.lock", f"{cache}: another process compiles functions of librosa, waiting for it", math.inf
        ):
            left = [built for built, path in done.items() if not path.exists()]
            with run([("fusion.extraction.compiled:call_once", tuple(left))] if left else [], 1) as finished:
                list(finished)
            for built in left:
                write_text(done[built], "")
    except OSError as error:
        raise unwritable(cache, error) from error


def _trusted(cache: Path) -> Path:
    """Return a cache that a person named; else one of their own, or one that ends with this process."""
    if cache.absolute() != DEFAULT_CACHE.absolute():
        return cache.absolute()
    try:
        named = Path(os.environ.get("XDG_CACHE_HOME", ""))
        own = (named if named.is_absolute() else Path.home() / ".cache") / "fusion"
        own.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # the latter where there is no home
        return Path(_passing().name)
    return own if os.access(own, os.W_OK) else Path(_passing().name)


@lru_cache(maxsize=1)
def _passing() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="fusion-")


def _installation() -> str:
    """Return which Python has librosa where, since Numba keeps functions for each of them apart."""
    place = importlib.util.find_spec("librosa")
    text = f"{sys.version_info[:2]} {place and place.origin}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def call_once(features: Sequence[Built]) -> None:
    """Extract features of noise; runs in a worker process."""
    for source, parameters, samples, sr in features:
        noise = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
        with suppress(Exception, SystemExit):  # what fails here fails again where a clip is named
            build(source, parameters).extract(Clip(noise, sr))
