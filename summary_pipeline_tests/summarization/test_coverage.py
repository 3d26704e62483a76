import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.coverage import Claim, measure_coverage, require_full_coverage
from summary_pipeline.summarization.errors import CoverageError, NothingToSummarizeError


@st.composite
def chunkings(draw: st.DrawFn) -> tuple[list[int], list[Claim]]:
    """Chunks by tokens, and claims that partition them into consecutive groups."""
    tokens = draw(st.lists(st.integers(1, 8_000), min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(1, len(tokens)), max_size=len(tokens))) | {len(tokens)})
    claims = []
    start = 0
    for end in cuts:
        claims.append(Claim(tuple(range(start, end)), sum(tokens[start:end])))
        start = end
    return tokens, claims


@given(chunkings())
def test_claims_that_partition_the_chunks_cover_everything(chunking: tuple[list[int], list[Claim]]) -> None:
    tokens, claims = chunking
    coverage = require_full_coverage(claims, chunk_count=len(tokens), transcript_tokens=sum(tokens))
    assert coverage.ratio == 1.0


@given(chunkings(), st.data())
def test_a_claim_that_is_missing_is_found(chunking: tuple[list[int], list[Claim]], data: st.DataObject) -> None:
    tokens, claims = chunking
    lost = claims.pop(data.draw(st.integers(0, len(claims) - 1)))
    coverage = measure_coverage(claims, chunk_count=len(tokens), transcript_tokens=sum(tokens))
    assert coverage.ratio < 1.0
    assert coverage.missing == lost.chunks
    with pytest.raises(CoverageError, match="Chunks missing: "):
        require_full_coverage(claims, chunk_count=len(tokens), transcript_tokens=sum(tokens))


@given(chunkings(), st.data())
def test_a_claim_made_twice_is_found(chunking: tuple[list[int], list[Claim]], data: st.DataObject) -> None:
    tokens, claims = chunking
    twice = data.draw(st.sampled_from(claims))
    coverage = measure_coverage([*claims, twice], chunk_count=len(tokens), transcript_tokens=sum(tokens))
    assert coverage.repeated == twice.chunks
    assert not coverage.is_full


def test_a_chunk_missing_does_not_hide_behind_another_with_its_tokens() -> None:
    with pytest.raises(CoverageError, match="Chunks missing: 1; more than once: 0"):
        require_full_coverage([Claim((0,), 50), Claim((0,), 50)], chunk_count=2, transcript_tokens=100)


def test_a_chunk_of_another_transcript_is_named() -> None:
    with pytest.raises(CoverageError, match="not of this transcript: 7"):
        require_full_coverage([Claim((0,), 50), Claim((7,), 50)], chunk_count=2, transcript_tokens=100)


def test_no_text_is_nothing_to_summarize() -> None:
    with pytest.raises(NothingToSummarizeError):
        require_full_coverage([], chunk_count=0, transcript_tokens=0)
