"""What everything runs on: workers, progress, files, locks, hashes, versions.

Knows nothing of sound or learning.
"""

__all__ = ["arrays", "backend", "cluster", "content_hash", "files", "known_json", "lock", "memory", "names"]
__all__ += ["progress", "signals", "submission", "tables", "versions", "workers", "workplace"]
