"""The asset ``final_summary``: what is said of the whole video."""

import asyncio
from collections.abc import Iterator

import dagster as dg

from summary_pipeline.defs import checks
from summary_pipeline.defs.assets.metadata import Origin, usage_metadata
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.assets.payer import is_paid_by_this_run
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.defs.interruption import cancelled_by_interruption
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.summarizer import SummarizerFactory, plan_of
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.calls import sentence_limits
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.quality import verdicts
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary, summary_markdown
from summary_pipeline.summarization.tokens import count_tokens


def build_final_summary(options: AssetOptions, *, code_version: str) -> dg.AssetsDefinition:
    """Return the asset. ``code_version`` is a hash of what the answers depend on."""

    @dg.asset(
        **options.common(),
        kinds={"openai"},
        code_version=code_version,
        check_specs=checks.specs_of("final_summary"),
        description="The summary in four to six sentences, with key points, chapters and topics, of the whole video.",
    )
    # A generator, because the verdicts have to be reported before a blocking one ends the step. The value is not: once
    # stored, it could be saved by materializing persisted_summary alone.
    def final_summary(
        context: dg.AssetExecutionContext,
        chunk_summaries: ChunkSummaries,
        summarizer: dg.ResourceParam[SummarizerFactory],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
    ) -> Iterator[dg.MaterializeResult[FinalSummary] | dg.AssetCheckResult]:
        origin = Origin.of(context)
        with clear_failures(context, options.retries):
            made_by = chunk_summaries.run_id
            counted_runs = {context.run.run_id}
            if made_by is not None and is_paid_by_this_run(context, database, made_by):
                counted_runs.add(made_by)
            else:
                chunk_summaries = chunk_summaries.paid_before()
            final = asyncio.run(_reduce(summarizer, chunk_summaries))
            found = _verdicts(final, chunk_summaries, plan_of(settings.pipeline).parameters)
        if checks.is_blocked(found):
            yield from checks.results(found, context.partition_key)
            raise checks.not_saved(found, refused=summary_markdown(final))
        yield dg.MaterializeResult(
            value=final.model_copy(
                update={
                    "source_sha256": chunk_summaries.source_sha256,
                    "run_id": context.run.run_id,
                    "counted_runs": tuple(sorted(counted_runs)),
                }
            ),
            metadata={
                "summary": dg.MetadataValue.md(summary_markdown(final)),
                "sentences": final.sentence_count,
                "language": final.language or "unknown",
                "model": final.model,
                "coverage": final.provenance.coverage,
                "reduce_levels": final.provenance.reduce_levels,
                "single_call": final.provenance.single_call,
                **origin.metadata(),
                **usage_metadata(final.provenance.usage),
                **checks.verdict_metadata(found),
            },
            check_results=checks.results(found, context.partition_key),
        )

    return final_summary


async def _reduce(summarizer: SummarizerFactory, partials: ChunkSummaries) -> FinalSummary:
    async with cancelled_by_interruption(), summarizer.open() as opened:
        return await opened.reduce(partials)


def _verdicts(final: FinalSummary, partials: ChunkSummaries, parameters: SummarizationParameters) -> checks.Verdicts:
    material = _material(partials)
    fewest, most = sentence_limits(parameters, final.provenance.transcript_tokens)
    limits = verdicts.LengthLimits(fewest, most, parameters.final_output_tokens)
    tokens = count_tokens(final.summary, final.provenance.encoding)
    return {
        checks.COVERAGE_COMPLETE: verdicts.judge_coverage(final.provenance),
        checks.ANSWER_WELL_FORMED: verdicts.judge_form(final, material=material),
        checks.LANGUAGE: verdicts.judge_language(
            final.summary, wanted=parameters.summary_language, stated=partials.language, material=material
        ),
        checks.LENGTH: verdicts.judge_length(final.sentence_count, tokens, limits),
    }


def _material(partials: ChunkSummaries) -> str:
    """Return what the last call was shown: the transcript, or what is said of its parts."""
    said = [statement.text for partial in partials.partials for statement in partial.statements]
    return "\n".join([*said, *(segment.text for chunk in partials.verbatim for segment in chunk.segments)])
