"""What everything runs on: workers, progress, files, hashes, versions.

Knows nothing of sound or learning.
"""

__all__ = ["content_hash", "disk", "files", "memory", "progress", "versions", "workers", "workplace"]
