"""Answers that have been paid for, kept so that a crash, a retry or a backfill does not pay again.

Belongs here: the protocol of the store, and the implementations that need nothing but memory or a directory.
Does not belong here: the key of an entry and its content (``answering``), and a store in S3 (``resources``).
"""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol


class ChunkStore(Protocol):
    """Text by key. Keys are lower-case hexadecimal hashes; the text under a key never changes its meaning.

    Storing is not a transaction: two writers of one key may both write, and either text is good. Errors of the store
    are raised as they are; ``get`` must not say that an entry is missing when it could not look.
    """

    async def get(self, key: str, /) -> str | None:
        """Return the text stored under ``key``, or None where there is none."""
        ...

    async def put(self, key: str, text: str, /) -> None:
        """Store ``text`` under ``key``. When this returns, a crash of the process does not lose it."""
        ...


class MemoryChunkStore:
    """A store that lasts as long as the object: for library users who keep nothing, and for tests."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    async def get(self, key: str, /) -> str | None:
        """See ``ChunkStore.get``."""
        return self.entries.get(key)

    async def put(self, key: str, text: str, /) -> None:
        """See ``ChunkStore.put``."""
        self.entries[key] = text


class DirectoryChunkStore:
    """One file an entry, in a directory that is made when the first one is stored. Many processes may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def get(self, key: str, /) -> str | None:
        """See ``ChunkStore.get``."""
        return await asyncio.to_thread(self._read, self._path(key))

    async def put(self, key: str, text: str, /) -> None:
        """See ``ChunkStore.put``."""
        await asyncio.to_thread(self._write, self._path(key), text)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}.json"

    @staticmethod
    def _read(path: Path) -> str | None:
        try:
            # A damaged file is an entry that its reader will find unusable, not a reason to stop.
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Write to a temporary file and rename it, so that nobody ever reads half an entry."""
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
