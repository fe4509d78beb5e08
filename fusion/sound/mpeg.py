"""How long an MP3 is: its frames are counted, because a decoder may guess from the first one alone."""

from __future__ import annotations

from pathlib import Path

_BITRATES = {  # kbit/s of layer III by index, ISO/IEC 11172-3 and 13818-3
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz, by version


def mp3_samples(path: Path) -> int:
    """Return how many samples the frames of an MP3 file decode to; 0 if there is no frame.

    A frame that only tells about the file (Xing, Info, VBRI), and what an encoder adds at both ends, count too.
    """
    data = path.read_bytes()
    at, samples = _after_tags(data), 0
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        length, decoded = _frame(data[at : at + 4])
        if length and _goes_on(data, at + length):
            samples += decoded
            at += length
        else:  # bytes of a picture or another tag that look like a header
            at += 1
    return samples


def _goes_on(data: bytes, at: int) -> bool:
    """Say whether a frame may end here: the file ends, or a frame or a tag begins."""
    return at + 4 > len(data) or _frame(data[at : at + 4])[0] > 0 or data[at : at + 3] in (b"ID3", b"TAG", b"APE")


def tells_length(path: Path) -> bool:
    """Say whether the first frame of an MP3 file says how many there are."""
    data = path.read_bytes()
    first = data.find(b"\xff", _after_tags(data))
    return any(mark in data[first : first + 64] for mark in (b"Xing", b"Info", b"VBRI"))


def _after_tags(data: bytes) -> int:
    """Return where frames begin; a tag's length has four times seven bits."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        lengths = zip(data[at + 6 : at + 10], (21, 14, 7, 0), strict=True)
        at += 10 + sum((byte & 0x7F) << shift for byte, shift in lengths)
    return at


def _frame(header: bytes) -> tuple[int, int]:
    """Return a frame's length in bytes and in samples; zeros for what is no header of layer III."""
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if header[1] & 0xE0 != 0xE0 or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return 0, 0
    samples = 1152 if version == 3 else 576
    bits = 1000 * _BITRATES[version == 3][bitrate]
    return samples // 8 * bits // _RATES[version][rate] + (header[2] >> 1 & 1), samples
