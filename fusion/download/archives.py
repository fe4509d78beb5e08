"""Which of a data set's official archives are fetched, and from where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from fusion.errors import FusionError, did_you_mean
from fusion.settings.archive import Archive
from fusion.settings.dataset import DatasetSettings

MIRROR = "FUSION_MIRROR"


def choose(name: str, dataset: type[DatasetSettings], splits: Sequence[str]) -> list[Archive]:
    """Return the archives of some splits of a data set (none named: all).

    Raises
    ------
    FusionError
        If it has no official archive, or a split has none.
    """
    if not dataset.archives:
        place = f" ({dataset.homepage})" if dataset.homepage else ""
        raise FusionError(f"{name}: has no archive that can be fetched{place}; name its folder with --data DIR")
    known = tuple(dict.fromkeys(archive.split for archive in dataset.archives))
    for split in splits:
        if split not in known:
            raise FusionError(f"{name}: no split {split!r}{did_you_mean(split, known)} (known: {', '.join(known)})")
    return [archive for archive in dataset.archives if not splits or archive.split in splits]


def base_url(dataset: type[DatasetSettings], url: str | None) -> str:
    """Return the address of the folder that holds the archives: `url`, ``$FUSION_MIRROR``, or the official one.

    Raises
    ------
    FusionError
        If it is not an address for http or https.
    """
    base = (url or os.environ.get(MIRROR) or dataset.base_url).strip()
    try:
        parts = urlsplit(base)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1
    except ValueError:
        wrong = True
    if wrong:
        raise FusionError(
            f"{shown(base)}: a mirror (--url or ${MIRROR}) should be the http:// or https:// address of a folder that "
            "holds the archives; archives on this machine can be put into the data set's folder instead"
        )
    return base.rstrip("/")


def shown(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "the address"
