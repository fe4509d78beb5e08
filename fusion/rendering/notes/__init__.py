"""Notes in NSynth's layout: which instruments, which notes, how they are played.

`render` does all of it, as `options` say; `instruments` says who trains.
"""

__all__ = ["instruments", "options", "render"]
