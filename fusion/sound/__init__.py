"""Sound as arrays: reading files, a clip with its spectra, distortion, mixing.

`clip` is what a feature gets; `reading` is the only one that opens audio files.
"""

__all__ = ["clip", "distortion", "mixing", "reading"]
