"""Sound as arrays: reading files, a clip with its spectra, f0 and partials, distortion, mixing.

`clip` is what a feature gets; `reading` is the only one that opens audio files; `graded` has distortions by level.
"""

__all__ = ["clip", "distortion", "f0", "grade", "graded", "mixing", "mpeg", "partials", "reading"]
