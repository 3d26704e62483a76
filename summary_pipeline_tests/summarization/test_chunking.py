import json
import math
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization.chunking import Chunks, ChunkSegment, chunk_transcript, coverage
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline.summarization.transcript import Snippet, Transcript
from summary_pipeline_tests.summarization.chunking_checks import ENCODINGS, assert_complete, prose, transcript_of

REAL_TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"

AWKWARD = [
    "hello", "World", "it's", "a.", "Yes!", "。", "我們", "今天天氣", "١٢٣٤٥٦", "/", "//", "3.14", "12345678", "😀",
    "👨\u200d👩\u200d👧", "<|endoftext|>", "e\u0301", "ก็", "_", "...foo", "HelloWORLDfoo", "'s", "»", "\u200d",
    "aaaa" * 20, "字" * 60, "!" * 30,
]  # fmt: skip
words = st.one_of(st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
spaced_texts = st.lists(words, min_size=1, max_size=60).map(lambda parts: " ".join(" ".join(parts).split()) or "x")
unspaced_texts = st.lists(words, min_size=1, max_size=60).map(lambda parts: "".join("".join(parts).split()) or "x")
any_texts = st.lists(st.one_of(words, st.sampled_from(["\n", "  ", "\t", ""])), max_size=60).map("".join)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("texts", [spaced_texts, unspaced_texts, any_texts], ids=["spaced", "unspaced", "any"])
def test_every_token_is_in_exactly_one_chunk(encoding: str, texts: st.SearchStrategy[str]) -> None:
    @settings(max_examples=300, deadline=None)
    @given(snippets=st.lists(texts, min_size=1, max_size=30), max_tokens=st.integers(min_value=16, max_value=80))
    def check(snippets: list[str], max_tokens: int) -> None:
        transcript = transcript_of(*snippets)
        assert_complete(
            transcript, chunk_transcript(transcript, max_tokens=max_tokens, encoding=encoding), max_tokens=max_tokens
        )

    check()


@settings(max_examples=200, deadline=None)
@given(snippets=st.lists(spaced_texts, min_size=1, max_size=30), max_tokens=st.integers(min_value=16, max_value=120))
def test_a_snippet_that_fits_a_chunk_is_in_one_whole(snippets: list[str], max_tokens: int) -> None:
    # A slash joins the line break before it, so that no cut is possible there without changing a token.
    snippets = [snippet.lstrip("/ ") or "x" for snippet in snippets]
    chunks = chunk_transcript(transcript_of(*snippets), max_tokens=max_tokens)

    parts = [segment.snippet for chunk in chunks.chunks for segment in chunk.segments]
    split = {index for index in parts if parts.count(index) > 1}
    assert all(count_tokens(snippets[index] + "\n") > max_tokens for index in split)


@settings(max_examples=200, deadline=None)
@given(sizes=st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=60))
def test_there_are_as_few_chunks_as_whole_snippets_allow(sizes: list[int]) -> None:
    snippets = [" ".join(["one"] * size) for size in sizes]
    weights = [count_tokens(snippet + "\n") for snippet in snippets[:-1]] + [count_tokens(snippets[-1])]
    fewest, filled = 1, 0
    for weight in weights:  # taking as much as fits is optimal when the order is given
        if filled + weight > 50:
            fewest, filled = fewest + 1, 0
        filled += weight

    assert len(chunk_transcript(transcript_of(*snippets), max_tokens=50).chunks) == fewest


def test_a_transcript_that_fits_is_one_chunk() -> None:
    transcript = transcript_of("Hello.", "And goodbye.")
    chunks = chunk_transcript(transcript)

    assert [chunk.text for chunk in chunks.chunks] == ["Hello.\nAnd goodbye."]
    assert chunks.snippet_count == 2
    assert tuple(chunks.chunks[0].segments) == (
        ChunkSegment(snippet=0, text="Hello.", start=0.0),
        ChunkSegment(snippet=1, text="And goodbye.", start=1.0),
    )


def test_the_limit_is_reached_exactly_when_it_can_be() -> None:
    transcript = transcript_of(*["one two three"] * 40)
    total = count_tokens(transcript.text)

    assert len(chunk_transcript(transcript, max_tokens=total).chunks) == 1
    assert len(chunk_transcript(transcript, max_tokens=total - 1).chunks) == 2


def test_chunks_are_about_equally_long() -> None:
    chunks = chunk_transcript(transcript_of(*prose(1000)), max_tokens=8000).chunks

    sizes = [chunk.tokens for chunk in chunks]
    assert len(sizes) == math.ceil(sum(sizes) / 8000)
    assert max(sizes) - min(sizes) <= 2 * 8000 // 25 + 50


@pytest.mark.parametrize("count", range(603, 645, 7))
def test_a_cut_between_snippets_is_moved_to_the_end_of_a_sentence(count: int) -> None:
    # Captions of five words: most of them end in the middle of a sentence.
    spoken = " ".join(prose(count)).split(" ")
    captions = [" ".join(spoken[start : start + 5]) for start in range(0, len(spoken), 5)]
    assert sum(caption.endswith(".") for caption in captions) < len(captions) / 2

    chunks = chunk_transcript(transcript_of(*captions, seconds=None), max_tokens=3000).chunks

    assert len(chunks) > 2
    assert all(chunk.segments[-1].text.endswith(".") for chunk in chunks)


@pytest.mark.parametrize("count", range(571, 643, 13))
def test_a_cut_is_moved_to_where_the_speaker_changes(count: int) -> None:
    # Only the lines that start a turn of ten bear a name, or all do.
    lines = enumerate(prose(count))
    every = 1 if count % 2 else 10
    turns = [f"{'Ada' if n // 10 % 2 else 'Grace'}: {line}" if n % every == 0 else line for n, line in lines]
    chunks = chunk_transcript(transcript_of(*turns, seconds=None), max_tokens=8000).chunks

    assert len(chunks) > 1
    assert all(chunk.segments[0].snippet % 10 == 0 for chunk in chunks)


@pytest.mark.parametrize("count", range(571, 643, 13))
def test_a_cut_is_moved_to_a_pause_where_nothing_is_punctuated(count: int) -> None:
    lines = prose(count, stops="")
    starts = [number * 4.0 + number // 10 * 30 for number in range(len(lines))]  # half a minute after every tenth
    snippets = [Snippet(text=line, start=at, end=at + 3.5) for line, at in zip(lines, starts, strict=True)]
    chunks = chunk_transcript(Transcript(snippets=tuple(snippets)), max_tokens=8000).chunks

    assert len(chunks) > 1
    assert all(chunk.segments[0].snippet % 10 == 0 for chunk in chunks)


def test_parts_of_a_snippet_keep_its_index_and_times() -> None:
    transcript = Transcript(snippets=(Snippet(text=" ".join(prose(200)), start=3.0, end=600.0),))
    chunks = chunk_transcript(transcript, max_tokens=500).chunks

    assert len(chunks) > 2
    assert {(segment.snippet, segment.start, segment.end) for chunk in chunks for segment in chunk.segments} == {
        (0, 3.0, 600.0)
    }
    assert [chunk.start for chunk in chunks] == [3.0] * len(chunks)


def test_a_chunk_starts_at_the_first_known_time() -> None:
    transcript = Transcript(
        snippets=(Snippet(text="one"), Snippet(text="two", start=5.0), Snippet(text="three", start=9.0))
    )

    assert chunk_transcript(transcript).chunks[0].start == 5.0
    assert chunk_transcript(transcript_of("one", seconds=None)).chunks[0].start is None


def test_the_language_is_kept() -> None:
    assert chunk_transcript(Transcript(snippets=(Snippet(text="Hallo"),), language="de")).language == "de"


@pytest.mark.parametrize("snippets", [(), ("",)])
def test_a_transcript_without_text_has_no_chunks_and_covers_nothing(snippets: tuple[str, ...]) -> None:
    chunks = chunk_transcript(transcript_of(*snippets))

    assert chunks.chunks == ()
    assert coverage(chunks) == 0.0


def test_a_limit_below_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        chunk_transcript(transcript_of("Hello"), max_tokens=15)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        chunk_transcript(Transcript.model_construct(snippets=(Snippet.model_construct(text="a\ud800"),)))


def test_the_result_is_the_same_every_time() -> None:
    transcript = transcript_of(*prose(500))

    assert chunk_transcript(transcript, max_tokens=700) == chunk_transcript(transcript, max_tokens=700)


def test_chunks_survive_json_and_pickle() -> None:
    chunks = chunk_transcript(transcript_of(*prose(100), "/x", " ".join(prose(40))), max_tokens=300)

    stored = chunks.model_dump_json()
    assert Chunks.model_validate_json(stored) == chunks
    assert chunks == Chunks.model_validate_json(stored)
    assert coverage(Chunks.model_validate_json(stored)) == 1.0
    assert json.loads(stored)["chunks"][0]["segments"][0] == {
        "snippet": 0,
        "text": prose(1)[0],
        "start": 0.0,
        "end": None,
    }
    assert pickle.loads(pickle.dumps(chunks)) == chunks  # noqa: S301 - our own bytes


def test_segments_behave_like_a_tuple() -> None:
    chunk = chunk_transcript(transcript_of("one", "two", "three")).chunks[0]
    segments = chunk.segments

    assert len(segments) == 3
    assert segments[-1].text == "three"
    assert [segment.text for segment in segments[1:]] == ["two", "three"]
    assert hash(chunk) == hash(chunk.model_copy(update={"segments": tuple(segments)}))
    assert repr(segments) == repr(tuple(segments))
    with pytest.raises(IndexError):
        segments[3]


@pytest.mark.skipif(not REAL_TRANSCRIPTS.is_dir(), reason=f"no real transcripts at {REAL_TRANSCRIPTS}: optional data")
@pytest.mark.parametrize("max_tokens", [8000, 300])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_real_transcripts_are_cut_without_loss(max_tokens: int, encoding: str) -> None:
    files = sorted(REAL_TRANSCRIPTS.glob("*.json"))
    assert files
    for file in files:
        transcript = parse_transcript(file.read_bytes(), key=file.name)
        chunks = chunk_transcript(transcript, max_tokens=max_tokens, encoding=encoding)
        assert_complete(transcript, chunks, max_tokens=max_tokens)
