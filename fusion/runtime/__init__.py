"""What everything runs on: workers, progress, files, locks, hashes, versions.

Knows nothing of sound or learning.
"""

__all__ = ["backend", "cluster", "content_hash", "files", "lock", "memory", "names", "progress", "signals"]
__all__ += ["submission", "versions", "workers", "workplace"]
