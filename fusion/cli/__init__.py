"""Commands: options become settings, errors become messages, everything else is elsewhere.

`app` is the console script; every other module holds the commands of one kind.
"""

__all__ = ["app"]
