"""The asset ``final_summary``: what is said of the whole video."""

import dagster as dg

from summary_pipeline.defs.assets.metadata import Origin, usage_metadata
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.resources.summarizer import SummarizerFactory
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary, summary_markdown


def build_final_summary(options: AssetOptions, *, code_version: str) -> dg.AssetsDefinition:
    """Return the asset. ``code_version`` is a hash of what the answers depend on."""

    @dg.asset(
        **options.common(),
        kinds={"openai"},
        code_version=code_version,
        description="The summary in four to six sentences, with key points, chapters and topics, of the whole video.",
    )
    async def final_summary(
        context: dg.AssetExecutionContext,
        chunk_summaries: ChunkSummaries,
        summarizer: dg.ResourceParam[SummarizerFactory],
    ) -> dg.MaterializeResult[FinalSummary]:
        origin = Origin.of(context)
        with clear_failures():
            async with summarizer.open() as opened:
                final = await opened.reduce(chunk_summaries)
        return dg.MaterializeResult(
            value=final,
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
            },
        )

    return final_summary
