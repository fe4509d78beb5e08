"""Commands: options become settings, errors become messages, everything else is elsewhere.

`app` is the console script; `options` and `console` are what the commands share, the other modules hold them.
"""

__all__ = ["app"]
