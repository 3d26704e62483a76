import math

import pytest

from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline_tests.summarization.chunking_checks import ENCODINGS, assert_complete, prose, transcript_of


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("All of this was said without a break, and still it goes on. ", "."),
        ("春天来了，花都开了，一直说下去。", "。"),
        ("هذه جملة طويلة بلا توقف، وما زالت مستمرة. ", "."),
        ("これは長い文で、まだ続いています！", "！"),
        ("यह वाक्य लंबा है और चलता रहता है। ", "।"),
    ],
)
def test_a_long_snippet_is_cut_after_sentences(sentence: str, end: str) -> None:
    transcript = transcript_of("Before.", (sentence * 2000).strip(), "After.")
    chunks = chunk_transcript(transcript, max_tokens=2000)

    assert_complete(transcript, chunks, max_tokens=2000)
    assert all(chunk.text.rstrip().endswith(end) for chunk in chunks.chunks[:-1])
    assert len(chunks.chunks) == math.ceil(chunks.transcript_tokens / 2000)


def test_a_long_snippet_without_sentences_is_cut_between_words() -> None:
    transcript = transcript_of(" ".join(prose(1000, stops="")))
    chunks = chunk_transcript(transcript, max_tokens=2000)

    assert_complete(transcript, chunks, max_tokens=2000)
    whole = transcript.text.split()
    assert [word for chunk in chunks.chunks for word in chunk.text.split()] == whole


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "A",
        "字",
        "1",
        "٣",
        "!",
        "/",
        "\u0301",
        "😀",
        "👨\u200d👩\u200d👧",
        "aA",
        "สวัสดีครับ",
        "<|endoftext|>",
        "\x01",
    ],
)
def test_a_string_without_end_is_cut_between_tokens(unit: str, encoding: str) -> None:
    transcript = transcript_of(unit * (100_000 // len(unit)))
    chunks = chunk_transcript(transcript, max_tokens=1000, encoding=encoding)

    assert_complete(transcript, chunks, max_tokens=1000)
    # An emoji of many tokens, whose parts a joiner holds together, is not split.
    assert len(chunks.chunks) <= math.ceil(chunks.transcript_tokens / 980)


@pytest.mark.parametrize("character", ["e\u0301", "e\u0323\u0301", "👩\u200d🚀", "👨\u200d👩\u200d👧"])
@pytest.mark.parametrize("max_tokens", range(100, 108))
def test_what_is_one_character_to_people_stays_together(character: str, max_tokens: int) -> None:
    chunks = chunk_transcript(transcript_of(character * 500), max_tokens=max_tokens).chunks

    assert len(chunks) > 1
    assert all(chunk.text.startswith(character) for chunk in chunks)


def test_snippets_that_start_with_a_slash_lose_nothing() -> None:
    transcript = transcript_of(*["Look at the folder.", "/usr/local, that is."] * 300)
    chunks = chunk_transcript(transcript, max_tokens=200)

    assert_complete(transcript, chunks, max_tokens=200)
