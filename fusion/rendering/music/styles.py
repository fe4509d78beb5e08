"""IRMAS's five genres as rules for the composer, and who leads in which."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How a genre is played: ranges and choices.

    `tempo` in beats a minute; `beats` of a bar; `minor`, `drummer` and `bassist` are probabilities; `swing` is where
    the second eighth falls in its beat; `progressions` are degrees of the scale from 0, one a bar; `chords` are the
    classes that accompany, `bass` the lengths of its notes in beats, `drums` the patterns.
    """

    tempo: tuple[float, float]
    beats: tuple[int, ...]
    minor: float
    sevenths: bool
    swing: float
    progressions: tuple[tuple[int, ...], ...]
    chords: tuple[str, ...]
    bassist: float
    bass: tuple[float, ...]
    drummer: float
    drums: tuple[str, ...]


STYLES = {
    "cla": Style(
        *((60, 126), (3, 4, 4), 0.5, False, 0.5),
        ((0, 3, 4, 0), (0, 1, 4, 0), (5, 1, 4, 0), (0, 4, 5, 2, 3, 0, 3, 4), (0, 0, 4, 4)),
        ("pia", "pia", "org", "gac", "cel", "vio"),
        *(0.35, (2.0, 4.0), 0.0, ()),
    ),
    "cou_fol": Style(
        *((84, 150), (3, 4, 4, 4), 0.15, False, 0.52),
        ((0, 3, 0, 4), (0, 0, 3, 4), (0, 4, 0, 4), (0, 5, 3, 4)),
        ("gac", "gac", "pia", "vio"),
        *(0.8, (1.0, 2.0), 0.5, ("train", "rock")),
    ),
    "jaz_blu": Style(
        *((72, 168), (4, 4, 4, 3), 0.35, True, 0.64),
        ((1, 4, 0, 5), (0, 5, 1, 4), (0, 0, 3, 0, 4, 3, 0, 4), (0, 3, 1, 4)),
        ("pia", "pia", "gel", "org"),
        *(0.95, (1.0, 1.0, 2.0), 0.75, ("swing", "brushes")),
    ),
    "lat_sou": Style(
        *((88, 132), (4,), 0.5, True, 0.5),
        ((0, 6, 5, 4), (0, 1, 4, 0), (0, 3, 4, 0), (1, 4, 0, 0)),
        ("gac", "pia", "gel"),
        *(0.9, (1.5, 1.0), 0.8, ("bossa", "funk")),
    ),
    "pop_roc": Style(
        *((76, 140), (4,), 0.35, False, 0.5),
        ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 5, 4), (0, 6, 5, 6)),
        ("gel", "gel", "pia", "gac", "org"),
        *(0.95, (0.5, 1.0, 2.0), 0.85, ("rock", "ballad", "funk")),
    ),
}

_EIGHTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
DRUMS: dict[str, tuple[tuple[int, int, tuple[float, ...]], ...]] = {
    "rock": ((36, 100, (0.0, 2.0, 2.5)), (38, 95, (1.0, 3.0)), (42, 70, _EIGHTHS)),
    "ballad": ((36, 90, (0.0, 2.5)), (37, 80, (1.0, 3.0)), (42, 60, (0.0, 1.0, 2.0, 3.0))),
    "funk": ((36, 100, (0.0, 0.75, 2.5)), (38, 95, (1.0, 3.0)), (42, 70, _EIGHTHS), (46, 70, (3.5,))),
    "train": ((36, 90, (0.0, 2.0)), (38, 62, _EIGHTHS), (38, 95, (1.0, 3.0))),
    "swing": ((51, 80, (0.0, 1.0, 1.5, 2.0, 3.0, 3.5)), (44, 70, (1.0, 3.0)), (36, 55, (0.0, 2.0))),
    "brushes": ((51, 60, (0.0, 1.0, 2.0, 3.0)), (38, 50, (1.0, 3.0)), (36, 50, (0.0,))),
    "bossa": ((36, 80, (0.0, 1.5, 2.0, 3.5)), (37, 75, (0.0, 1.5, 3.0)), (42, 55, _EIGHTHS)),
    "waltz": ((36, 85, (0.0,)), (38, 65, (1.0, 2.0)), (51, 60, (0.0, 1.0, 2.0))),
}
"""General MIDI key, velocity, and on which beats of the bar."""

LEADS = {
    "pia": ("melody", "arpeggio", "comping", "hymn"),
    "gac": ("melody", "arpeggio", "comping"),
    "gel": ("melody", "melody", "arpeggio", "comping"),
    "org": ("melody", "comping", "hymn"),
}
"""What instruments of chords play when they lead; the others play melodies."""

SUSTAINED = ("cel", "cla", "flu", "org", "sax", "tru", "vio", "voi")
"""Classes that can hold a note; their tunes have longer ones."""

GENRES = {
    "cel": ("cla", "cla", "cla", "pop_roc", "cou_fol", "jaz_blu"),
    "cla": ("cla", "cla", "jaz_blu", "jaz_blu", "pop_roc"),
    "flu": ("cla", "cla", "jaz_blu", "pop_roc", "cou_fol", "lat_sou"),
    "gac": ("pop_roc", "pop_roc", "cla", "cou_fol", "jaz_blu", "lat_sou"),
    "gel": ("pop_roc", "pop_roc", "jaz_blu", "jaz_blu", "cou_fol"),
    "org": ("jaz_blu", "pop_roc", "cla", "cou_fol"),
    "pia": ("jaz_blu", "cla", "pop_roc", "lat_sou", "cou_fol"),
    "sax": ("jaz_blu", "jaz_blu", "pop_roc", "cla", "lat_sou"),
    "tru": ("jaz_blu", "pop_roc", "cla", "lat_sou"),
    "vio": ("cla", "cla", "cou_fol", "jaz_blu", "pop_roc"),
    "voi": ("pop_roc", "pop_roc", "cou_fol", "lat_sou", "cla", "jaz_blu"),
}
"""The genres of each class, in roughly the real shares."""
