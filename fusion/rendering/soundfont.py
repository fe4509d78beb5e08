"""What a SoundFont (SF2) plays: its presets, their keys and fingerprints of their samples.

Two presets, of one font or of two, that play a common sample are the same instrument in another coat,
whatever they are called. So a sample is known by its content: the hash of the `WINDOW` points around its
loudest one. Renaming, loop points, another root key and cuts away from that point do not change it;
resampling and rescaling do, and then two fonts look independent though they are not.
Only tables and samples in use are read, by memory map. Positions are in sample points, keys are MIDI keys.

References
----------
SoundFont Technical Specification 2.04, E-mu Systems, 2006. https://freepats.zenvoid.org/sf2/sfspec24.pdf
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError

WINDOW = 128
"""Points that are hashed around the loudest one; shorter samples are hashed whole."""

SILENT = 8
"""A sample whose points are all below this, of 32,767, is not heard and tells nothing."""

_BAG = [("gen", "<u2"), ("mod", "<u2")]
_GEN = [("oper", "<u2"), ("amount", "<u2")]
_RECORDS: dict[bytes, Any] = {
    b"phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "S12")],
    b"pbag": _BAG,
    b"pgen": _GEN,
    b"inst": [("name", "S20"), ("bag", "<u2")],
    b"ibag": _BAG,
    b"igen": _GEN,
    b"shdr": [("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("rest", "S16"), ("type", "<u2")],
}
_KEY_RANGE, _INSTRUMENT, _SAMPLE = 43, 41, 53  # generators
_ROM, _COMPRESSED = 0x8000, 0x10  # bits of a sample's type


@dataclass(frozen=True)
class Preset:
    """One sound of a font: where it is, on which keys it sounds and fingerprints of what it plays."""

    bank: int
    program: int
    name: str
    keys: frozenset[int]
    samples: frozenset[str]


@dataclass(frozen=True)
class SoundFont:
    """A font's own name and its presets, ordered by bank and program."""

    path: Path
    name: str
    presets: tuple[Preset, ...]

    @property
    def samples(self) -> frozenset[str]:
        """Fingerprints of all that its presets play."""
        return frozenset().union(*(preset.samples for preset in self.presets))


def read_soundfont(path: Path) -> SoundFont:
    """Read the presets of an SF2 file.

    Parameters
    ----------
    path : Path
        An SF2 file with 16 bit samples. A 24 bit extension is ignored.

    Returns
    -------
    SoundFont

    Raises
    ------
    FusionError
        No such file, another format, compressed samples (SF3), or damage.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:
        raise FusionError(f"{path}: cannot read this SoundFont: {error}") from error
    chunks = _chunks(path, data)
    tables = {name: _table(path, chunks, name) for name in _RECORDS}
    if np.any(tables[b"shdr"]["type"] & _COMPRESSED):
        raise _compressed(path)
    title = bytes(chunks.get(b"INAM", data[:0])).split(b"\0")[0].decode("latin-1").strip()
    presets = sorted(_presets(path, tables, chunks[b"smpl"]), key=lambda p: (p.bank, p.program))
    return SoundFont(path, title or path.stem, tuple(presets))


def _damaged(path: Path, what: str) -> FusionError:
    return FusionError(f"{path}: not a whole SoundFont (SF2): {what}. Fetch it again, or name another font.")


def _compressed(path: Path) -> FusionError:
    return FusionError(
        f"{path}: its samples are compressed (SF3), so it cannot be told which ones other fonts share. "
        "Unpack it to SF2 (MuseScore's `sf3convert -x IN.sf3 OUT.sf2`) or name another font."
    )


def _chunks(path: Path, data: NDArray[np.uint8]) -> dict[bytes, NDArray[np.uint8]]:
    """Return the leaf chunks of a RIFF file by name; INFO, sdta and pdta have no name in common."""
    head = bytes(data[:12])
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise _damaged(path, f"it begins with {head!r}, wanted b'RIFF', a length and b'sfbk'")
    leaves: dict[bytes, NDArray[np.uint8]] = {}
    pending = [(12, 8 + int.from_bytes(head[4:8], "little"))]
    if pending[0][1] > len(data):
        raise _damaged(path, f"it has {len(data)} bytes and announces {pending[0][1]}")
    while pending:
        position, end = pending.pop()
        while position + 8 <= end:
            name = bytes(data[position : position + 4])
            size = int.from_bytes(data[position + 4 : position + 8], "little")
            start, stop = position + 8, position + 8 + size
            if stop > end:
                raise _damaged(path, f"chunk {name!r} at byte {position} ends {stop - end} bytes too late")
            if name == b"LIST":
                pending.append((stop + size % 2, end))  # to be continued behind the list
                position, end = start + 4, stop
                continue
            leaves[name] = data[start:stop]
            if name == b"ifil" and bytes(data[start:stop][:2]) == b"\x03\x00":
                raise _compressed(path)
            position = stop + size % 2
    missing = [name.decode() for name in (b"smpl", *_RECORDS) if name not in leaves]
    if missing:
        raise _damaged(path, f"it has no chunk {', '.join(missing)}")
    return leaves


def _table(path: Path, chunks: dict[bytes, NDArray[np.uint8]], name: bytes) -> NDArray[Any]:
    record = np.dtype(_RECORDS[name])
    raw = bytes(chunks[name])
    if not raw or len(raw) % record.itemsize:
        raise _damaged(path, f"table {name.decode()} has {len(raw)} bytes, not some {record.itemsize} each")
    return np.frombuffer(raw, dtype=record)


def _presets(path: Path, tables: dict[bytes, NDArray[Any]], smpl: NDArray[np.uint8]) -> Iterator[Preset]:
    points = smpl[: len(smpl) // 2 * 2].view("<i2")
    prints: dict[int, str | None] = {}
    instruments: dict[int, list[tuple[range, int]]] = {}
    headers, inst, shdr = tables[b"phdr"], tables[b"inst"], tables[b"shdr"]
    for index in range(len(headers) - 1):
        keys: set[int] = set()
        samples: set[str] = set()
        for outer, which in _zones(path, tables, b"p", headers, index, _INSTRUMENT):
            if which >= len(inst) - 1:
                raise _damaged(path, f"a preset wants instrument {which} of {len(inst) - 1}")
            if which not in instruments:
                instruments[which] = list(_zones(path, tables, b"i", inst, which, _SAMPLE))
            for inner, sample in instruments[which]:
                if sample >= len(shdr) - 1:
                    raise _damaged(path, f"an instrument wants sample {sample} of {len(shdr) - 1}")
                if sample not in prints:
                    prints[sample] = _fingerprint(path, points, shdr[sample])
                if (fingerprint := prints[sample]) is not None:
                    samples.add(fingerprint)
                    keys.update(range(max(outer.start, inner.start), min(outer.stop, inner.stop)))
        header = headers[index]
        name = bytes(header["name"]).decode("latin-1").strip()
        yield Preset(int(header["bank"]), int(header["program"]), name, frozenset(keys), frozenset(samples))


def _zones(
    path: Path, tables: dict[bytes, NDArray[Any]], kind: bytes, headers: NDArray[Any], index: int, target: int
) -> Iterator[tuple[range, int]]:
    """Yield keys and target of a header's zones; global ones have no target and, as in FluidSynth, no say."""
    bags, gens = tables[kind + b"bag"], tables[kind + b"gen"]
    first, last = int(headers[index]["bag"]), int(headers[index + 1]["bag"])
    if not first <= last < len(bags):
        raise _damaged(path, f"zones {first} to {last} of {len(bags)}")
    for bag in range(first, last):
        start, stop = int(bags[bag]["gen"]), int(bags[bag + 1]["gen"])
        if not start <= stop <= len(gens):
            raise _damaged(path, f"generators {start} to {stop} of {len(gens)}")
        zone = {int(oper): int(amount) for oper, amount in gens[start:stop]}
        if target in zone:
            keys = zone.get(_KEY_RANGE, 127 << 8)
            yield range(keys & 0xFF, min(keys >> 8, 127) + 1), zone[target]


def _fingerprint(path: Path, points: NDArray[np.int16], header: Any) -> str | None:
    start, end = int(header["start"]), int(header["end"])
    if int(header["type"]) & _ROM or start == end:
        return None  # nothing in this file to be heard
    if not start < end <= len(points):
        name = bytes(header["name"])
        raise _damaged(path, f"sample {name!r} is at {start} to {end} of {len(points)} points")
    sample, half = points[start:end], WINDOW // 2
    inner = sample[half:-half] if len(sample) > WINDOW else sample
    low, high = int(np.argmin(inner)), int(np.argmax(inner))
    loudest = low if -int(inner[low]) > int(inner[high]) else high
    if abs(int(inner[loudest])) < SILENT:
        return None
    if len(sample) > WINDOW:
        sample = sample[loudest : loudest + WINDOW]
    return hashlib.sha256(sample.tobytes()).hexdigest()[:16]
