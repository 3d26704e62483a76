"""Coverage: what a check before saving relies on."""

from collections.abc import Callable

import pytest

from summary_pipeline.summarization.chunking import Chunk, Chunks, chunk_transcript, coverage
from summary_pipeline_tests.summarization.chunking_checks import prose, transcript_of


def chunks_for_coverage() -> Chunks:
    chunks = chunk_transcript(transcript_of(*prose(100)), max_tokens=500)
    assert len(chunks.chunks) > 3
    return chunks


def altered(chunks: Chunks, change: Callable[[list[Chunk]], None]) -> Chunks:
    changed = list(chunks.chunks)
    change(changed)
    return chunks.model_copy(update={"chunks": tuple(changed)})


def test_a_missing_chunk_lowers_coverage_by_its_tokens() -> None:
    chunks = chunks_for_coverage()
    missing = chunks.chunks[1].tokens

    assert coverage(altered(chunks, lambda changed: changed.remove(changed[1]))) == pytest.approx(
        1 - missing / chunks.transcript_tokens
    )


def test_tokens_that_are_in_two_chunks_are_not_covered() -> None:
    chunks = chunks_for_coverage()
    twice = chunks.chunks[1].tokens

    assert coverage(altered(chunks, lambda changed: changed.append(changed[1]))) == pytest.approx(
        1 - twice / chunks.transcript_tokens
    )


def test_a_chunk_whose_segments_are_not_its_text_is_not_covered() -> None:
    chunks = chunks_for_coverage()

    def lose_a_segment(changed: list[Chunk]) -> None:
        changed[2] = changed[2].model_copy(update={"segments": changed[2].segments[1:]})

    assert 0 < coverage(altered(chunks, lose_a_segment)) < 1


def test_altered_text_is_found_by_its_hash() -> None:
    chunks = chunks_for_coverage()

    def say_something_else(changed: list[Chunk]) -> None:
        segments = [segment._replace(text="x" * len(segment.text)) for segment in changed[0].segments]
        text = "\n".join(segment.text for segment in segments) + "\n"
        changed[0] = changed[0].model_copy(update={"segments": tuple(segments), "text": text})

    assert coverage(altered(chunks, say_something_else)) == 0.0


def test_chunks_in_the_wrong_order_of_text_are_found() -> None:
    chunks = chunks_for_coverage()

    def exchange(changed: list[Chunk]) -> None:
        changed[0], changed[1] = (
            changed[1].model_copy(update={"index": 0}),
            changed[0].model_copy(update={"index": 1}),
        )

    assert coverage(altered(chunks, exchange)) == 0.0
    # Also where no hash was kept.
    assert coverage(altered(chunks, exchange).model_copy(update={"text_sha256": None})) == 0.0


def test_a_chunk_too_many_is_found() -> None:
    chunks = chunks_for_coverage()
    extra = chunks.chunks[0].model_copy(update={"index": 99})

    assert coverage(altered(chunks, lambda changed: changed.append(extra))) == 0.0


def test_chunks_may_be_stored_in_any_order() -> None:
    assert coverage(altered(chunks_for_coverage(), lambda changed: changed.reverse())) == 1.0
