"""The map phase: one call a chunk, all at once.

Belongs here: which chunks are asked about, and what becomes of the answers. Does not belong here: requests
(``calls``), answers (``answering``).
"""

from typing import Any

from summary_pipeline.summarization import cited_lines
from summary_pipeline.summarization.answering import Answered, Answerer
from summary_pipeline.summarization.call_shapes import partial_shape, second_limit
from summary_pipeline.summarization.calls import Call, CallFactory, fits, require_fit
from summary_pipeline.summarization.chunking import Chunk, Chunks
from summary_pipeline.summarization.citations import resolve_points
from summary_pipeline.summarization.cited_lines import PartialAnswer
from summary_pipeline.summarization.cost import highest_call_cost
from summary_pipeline.summarization.coverage import claims_of_chunks, require_full_coverage
from summary_pipeline.summarization.progress import ProgressCounter, ProgressListener, gather_or_cancel
from summary_pipeline.summarization.summary import ChunkSummaries, PartialSummary


async def map_chunks(
    chunks: Chunks, *, factory: CallFactory, answerer: Answerer, listener: ProgressListener | None
) -> ChunkSummaries:
    """Summarize each chunk, or pass all of them through where one call takes them. See ``Summarizer.map_chunks``."""
    require_full_coverage(
        claims_of_chunks(chunks), chunk_count=len(chunks.chunks), transcript_tokens=chunks.transcript_tokens
    )
    described: dict[str, Any] = {
        "chunk_count": len(chunks.chunks),
        "transcript_tokens": chunks.transcript_tokens,
        "snippet_count": chunks.snippet_count,
        "encoding": chunks.encoding,
        "language": chunks.language,
    }
    if takes_one_call(factory, chunks):
        return ChunkSummaries(verbatim=chunks.chunks, **described)
    calls = _map_calls(factory, chunks)
    # All look-ups come first, so that a limit on cost stops before anything is spent, and only for what has to be paid.
    stored = await gather_or_cancel(answerer.stored(call) for call in calls)
    missing = [call for call, found in zip(calls, stored, strict=True) if found is None]
    if missing:
        await answerer.require_affordable([*missing, factory.expected_final_call(len(calls))])
    progress = ProgressCounter(listener, "map", len(calls))

    async def partial(chunk: Chunk, call: Call[PartialAnswer], found: Answered[PartialAnswer] | None) -> PartialSummary:
        answered = found or await answerer.ask(call)
        progress.count(from_store=answered.from_store)
        return partial_summary((chunk.index,), chunk.tokens, call, answered)

    partials = await gather_or_cancel(
        partial(chunk, call, found) for chunk, call, found in zip(chunks.chunks, calls, stored, strict=True)
    )
    return ChunkSummaries(partials=tuple(partials), **described)


def opening_calls(factory: CallFactory, chunks: Chunks) -> list[Call[Any]]:
    """Return the calls that depend on nothing but the transcript: those about its chunks, or the one about all of it.

    Raises:
        NothingToSummarizeError, CoverageError, ContextExceededError: as in ``Summarizer.map_chunks``.
    """
    require_full_coverage(
        claims_of_chunks(chunks), chunk_count=len(chunks.chunks), transcript_tokens=chunks.transcript_tokens
    )
    if not takes_one_call(factory, chunks):
        return list(_map_calls(factory, chunks))
    tokens = chunks.transcript_tokens
    return [factory.single_call(chunks.chunks, transcript_tokens=tokens, encoding=chunks.encoding)]


def spent_on(summaries: ChunkSummaries, factory: CallFactory) -> float:
    """Return the US dollars that ``summaries`` cost the run that made them, 0 where no price is known.

    A call whose tokens the provider did not count is taken to have cost the most that it may.
    """
    spec = factory.spec
    shape = partial_shape(cited_lines.CHUNK_SUMMARY, factory.parameters, spec, factory.language)
    limits = (shape.max_output_tokens, second_limit(spec, shape.max_output_tokens))
    usd = 0.0
    for partial in summaries.partials:
        if partial.from_store:
            continue
        if partial.usage.cost_usd is not None:
            usd += partial.usage.cost_usd
            continue
        for limit in limits[: partial.usage.calls]:
            usd += highest_call_cost(spec.price, input_tokens=partial.request_tokens, output_tokens=limit) or 0.0
    return usd


def takes_one_call(factory: CallFactory, chunks: Chunks) -> bool:
    """Say whether one call summarizes the whole transcript: always for one chunk, else by the parameters and the model.

    Raises:
        ContextExceededError: there is one chunk, and it does not fit the model's context.
    """
    parameters, spec = factory.parameters, factory.spec
    is_single_chunk = len(chunks.chunks) == 1
    if not is_single_chunk:
        most = {None: spec.single_call_tokens, True: spec.input_limit, False: 0}[parameters.single_call]
        if chunks.transcript_tokens > most:
            return False
    call = factory.single_call(chunks.chunks, transcript_tokens=chunks.transcript_tokens, encoding=chunks.encoding)
    if is_single_chunk:
        require_fit(call, spec)
        return True
    return fits(call, spec)


def _map_calls(factory: CallFactory, chunks: Chunks) -> list[Call[PartialAnswer]]:
    calls = [factory.map_call(chunk, of=len(chunks.chunks), encoding=chunks.encoding) for chunk in chunks.chunks]
    for call in calls:
        require_fit(call, factory.spec)
    return calls


def partial_summary(
    chunks: tuple[int, ...], tokens: int, call: Call[PartialAnswer], answered: Answered[PartialAnswer]
) -> PartialSummary:
    """Return what an answer says of ``chunks``, its citations checked against what the call showed."""
    statements, notes = resolve_points(answered.answer.statements, call.data.markers)
    return PartialSummary(
        chunks=chunks,
        tokens=tokens,
        statements=statements,
        model=answered.model,
        prompt_name=call.name,
        prompt_version=call.version,
        usage=answered.usage,
        from_store=answered.from_store,
        request_tokens=call.input_tokens,
        notes=(*answered.notes, *(f"{call.subject}: {note}" for note in notes)),
    )
