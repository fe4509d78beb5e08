"""Music in IRMAS's layout: composed by a seeded generator, cut into excerpts and clips.

`render` does all of it, as `options` say.
"""

__all__ = ["options", "render"]
