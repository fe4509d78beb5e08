"""Official archives: fetched with resumption, verified, unpacked into their folder alone.

`get` does all of it.
"""

__all__ = ["get"]
