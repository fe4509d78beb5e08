"""Practice data from SoundFonts: what a font plays, under which licence, into whose folder.

Layouts have rooms of their own: `notes` as NSynth, `music` as IRMAS.
"""

__all__ = ["music", "notes"]
