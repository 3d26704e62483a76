import asyncio
from pathlib import Path

import pytest

from summary_pipeline.summarization.chunk_store import ChunkStore, DirectoryChunkStore, MemoryChunkStore

KEY = "ab" * 32


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.fixture(params=["memory", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkStore:
    return MemoryChunkStore() if request.param == "memory" else DirectoryChunkStore(tmp_path / "not" / "there" / "yet")


async def test_what_was_stored_is_found_again(store: ChunkStore) -> None:
    assert await store.get(KEY) is None
    await store.put(KEY, '{"text": "سلام 你好"}')
    assert await store.get(KEY) == '{"text": "سلام 你好"}'
    assert await store.get("cd" * 32) is None


async def test_the_last_of_two_writers_wins_whole(store: ChunkStore) -> None:
    texts = [str(number) * 10_000 for number in range(10)]
    await asyncio.gather(*(store.put(KEY, text) for text in texts))
    assert await store.get(KEY) in texts


async def test_a_directory_keeps_entries_for_the_next_process_and_leaves_no_other_files(tmp_path: Path) -> None:
    await DirectoryChunkStore(tmp_path).put(KEY, "kept")
    assert await DirectoryChunkStore(tmp_path).get(KEY) == "kept"
    assert files(tmp_path) == [tmp_path / KEY[:2] / f"{KEY}.json"]


async def test_a_damaged_file_is_text_for_its_reader_to_judge(tmp_path: Path) -> None:
    store = DirectoryChunkStore(tmp_path)
    await store.put(KEY, "x")
    files(tmp_path)[0].write_bytes(b"\xff\xfe{")
    assert await store.get(KEY) is not None


async def test_a_store_that_cannot_look_says_so(tmp_path: Path) -> None:
    (tmp_path / KEY[:2]).mkdir()
    (tmp_path / KEY[:2] / f"{KEY}.json").mkdir()
    with pytest.raises(IsADirectoryError):
        await DirectoryChunkStore(tmp_path).get(KEY)
