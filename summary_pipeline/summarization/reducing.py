"""The reduce phase: partial summaries merged where they have to be, then the last call.

Belongs here: carrying out the plan, and the final summary with its provenance. Does not belong here: the plan
(``reduction_plan``), requests (``calls``), answers (``answering``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from summary_pipeline.summarization.answer_limits import KEY_POINTS, TOPICS, first_of, max_chapters
from summary_pipeline.summarization.answering import Answered, Answerer
from summary_pipeline.summarization.calls import Call, CallFactory, number_of_sentences
from summary_pipeline.summarization.citations import resolve_chapters, resolve_points, without_markers
from summary_pipeline.summarization.cost import Usage
from summary_pipeline.summarization.coverage import Claim, Coverage, claims_of_summaries, require_full_coverage
from summary_pipeline.summarization.mapping import partial_summary
from summary_pipeline.summarization.progress import ProgressCounter, ProgressListener, gather_or_cancel
from summary_pipeline.summarization.prompts import prompt_set_version
from summary_pipeline.summarization.reduction_plan import (
    Leaf,
    Node,
    ReductionLimits,
    ReductionPlan,
    plan_reduction,
)
from summary_pipeline.summarization.sentences import join_sentences
from summary_pipeline.summarization.structured import FinalAnswer, language_tag
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary, PartialSummary, Provenance


async def reduce_summaries(
    summaries: ChunkSummaries, *, factory: CallFactory, answerer: Answerer, listener: ProgressListener | None
) -> FinalSummary:
    """Make the final summary. See ``Summarizer.reduce``."""
    require_full_coverage(
        claims_of_summaries(summaries),
        chunk_count=summaries.chunk_count,
        transcript_tokens=summaries.transcript_tokens,
    )
    if summaries.verbatim:
        reduction = _Reduction((), factory, answerer, ProgressCounter(listener, "reduce", 1))
        claims = claims_of_summaries(summaries)
        levels = 1
        call = factory.single_call(
            summaries.verbatim, transcript_tokens=summaries.transcript_tokens, encoding=summaries.encoding
        )
    else:
        partials = tuple(sorted(summaries.partials, key=lambda partial: partial.chunks))
        plan = _plan(factory, partials)
        reduction = _Reduction(partials, factory, answerer, ProgressCounter(listener, "reduce", plan.merges + 1))
        shown = await gather_or_cancel(reduction.resolve(root) for root in plan.roots)
        claims = tuple(Claim(part.chunks, part.tokens) for part in shown)
        levels = plan.levels
        call = factory.final_call(shown, transcript_tokens=summaries.transcript_tokens)
    # Computed from what the last call is really shown, whatever happened on the way.
    coverage = require_full_coverage(
        claims, chunk_count=summaries.chunk_count, transcript_tokens=summaries.transcript_tokens
    )
    answered = await answerer.answer(call)
    reduction.progress.count(from_store=answered.from_store)
    return _final_summary(summaries, reduction, call, answered, coverage, levels)


@dataclass(frozen=True, slots=True)
class _Reduction:
    """The calls below the last one. Each waits for its own parts only: there is no barrier between levels."""

    partials: Sequence[PartialSummary]
    factory: CallFactory
    answerer: Answerer
    progress: ProgressCounter
    merged: list[PartialSummary] = field(default_factory=list)

    async def resolve(self, node: Node) -> PartialSummary:
        """Return the partial summary that ``node`` of the plan stands for."""
        if isinstance(node, Leaf):
            return self.partials[node.index]
        parts = await gather_or_cancel(self.resolve(child) for child in node.children)
        call = self.factory.merge_call(parts)
        answered = await self.answerer.answer(call)
        self.progress.count(from_store=answered.from_store)
        merged = partial_summary(
            tuple(chunk for part in parts for chunk in part.chunks), sum(part.tokens for part in parts), call, answered
        )
        self.merged.append(merged)
        return merged


def _plan(factory: CallFactory, partials: Sequence[PartialSummary]) -> ReductionPlan:
    parameters = factory.parameters
    limits = ReductionLimits(
        capacity=factory.reduce_capacity(),
        merged_size=factory.merged_size(),
        max_levels=parameters.max_reduce_levels,
        group_size=parameters.reduce_group_size,
        group_threshold=parameters.reduce_group_threshold,
    )
    return plan_reduction([factory.part_tokens(partial) for partial in partials], limits)


def _final_summary(
    summaries: ChunkSummaries,
    reduction: _Reduction,
    call: Call[FinalAnswer],
    answered: Answered[FinalAnswer],
    coverage: Coverage,
    levels: int,
) -> FinalSummary:
    answer = without_markers(answered.answer, call.data.markers)
    parameters = reduction.factory.parameters
    points, point_notes = resolve_points(answer.key_points, call.data.markers)
    in_order, chapter_notes = resolve_chapters(answer.chapters, call.data.markers)
    key_points, points_cut = first_of(points, KEY_POINTS, "key points")
    chapters, chapters_cut = first_of(in_order, max_chapters(parameters), "chapters")
    topics, topics_cut = first_of(tuple(dict.fromkeys(filter(None, answer.topics))), TOPICS, "topics")
    language = language_tag(answer.language)
    language_notes = () if language else ("The answer names no valid language.",)
    lower = (*summaries.partials, *reduction.merged)
    return FinalSummary(
        summary=join_sentences(answer.sentences),
        sentence_count=number_of_sentences(answer),
        key_points=key_points,
        chapters=chapters,
        topics=topics,
        language=language or language_tag(parameters.summary_language or summaries.language or ""),
        model=answered.model,
        notes=(
            *(note for part in lower for note in part.notes),
            *answered.notes,
            *point_notes,
            *points_cut,
            *chapter_notes,
            *chapters_cut,
            *topics_cut,
            *language_notes,
        ),
        provenance=_provenance(summaries, reduction, call, answered, coverage, levels),
    )


def _provenance(
    summaries: ChunkSummaries,
    reduction: _Reduction,
    call: Call[FinalAnswer],
    answered: Answered[FinalAnswer],
    coverage: Coverage,
    levels: int,
) -> Provenance:
    parameters = reduction.factory.parameters
    lower = (*summaries.partials, *reduction.merged)
    work = (*((part.usage, part.from_store) for part in lower), (answered.usage, answered.from_store))
    versions = {part.prompt_name: part.prompt_version for part in lower}
    return Provenance(
        requested_model=parameters.model,
        answered_by=tuple(dict.fromkeys((*(part.model for part in lower), answered.model))),
        prompt_versions={**versions, call.name: call.version},
        prompt_version=prompt_set_version(),
        parameters=parameters.model_dump(mode="json"),
        single_call=bool(summaries.verbatim),
        chunk_count=summaries.chunk_count,
        snippet_count=summaries.snippet_count,
        transcript_tokens=summaries.transcript_tokens,
        encoding=summaries.encoding,
        covered_tokens=coverage.tokens,
        coverage=coverage.ratio,
        reduce_levels=levels,
        usage=sum((usage for usage, from_store in work if not from_store), Usage()),
        stored_usage=sum((usage for usage, from_store in work if from_store), Usage()),
        stored_answers=sum(from_store for _, from_store in work),
    )
