"""What everything runs on: workers, progress, files, locks, hashes, versions.

Knows nothing of sound or learning.
"""

__all__ = ["backend", "content_hash", "files", "lock", "memory", "names", "progress", "signals", "versions"]
__all__ += ["workers", "workplace"]
