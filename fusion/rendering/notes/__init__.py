"""Notes in NSynth's layout: which instruments, which notes, how they are played.

`render` does all of it, as `options` say.
"""

__all__ = ["options", "render"]
