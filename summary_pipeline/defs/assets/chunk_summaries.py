"""The asset ``chunk_summaries``: what is said of each chunk."""

import dagster as dg

from summary_pipeline.defs.assets.metadata import ROW_COUNT, Origin, usage_metadata
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.defs.interruption import cancelled_by_interruption
from summary_pipeline.resources.summarizer import SummarizerFactory
from summary_pipeline.summarization.chunking import Chunks
from summary_pipeline.summarization.summary import ChunkSummaries


def build_chunk_summaries(options: AssetOptions, *, code_version: str) -> dg.AssetsDefinition:
    """Return the asset. ``code_version`` is a hash of what the answers depend on."""

    @dg.asset(
        **options.common(),
        kinds={"openai"},
        code_version=code_version,
        description=(
            "A summary of each chunk, all asked for at once under the concurrency limit. Answers are stored, so that a "
            "retry asks only for what is missing. A transcript that one call can take passes through as it is."
        ),
    )
    async def chunk_summaries(
        context: dg.AssetExecutionContext,
        chunks: Chunks,
        summarizer: dg.ResourceParam[SummarizerFactory],
    ) -> dg.MaterializeResult[ChunkSummaries]:
        origin = Origin.of(context)
        with clear_failures(context, options.retries):
            async with cancelled_by_interruption(), summarizer.open() as opened:
                partials = await opened.map_chunks(chunks)
        return dg.MaterializeResult(
            value=partials.model_copy(update={"source_sha256": chunks.source_sha256, "run_id": context.run.run_id}),
            metadata={
                "chunks": partials.chunk_count,
                ROW_COUNT: len(partials.partials),
                **origin.metadata(),
                "answers_from_store": partials.stored_count,
                "model": ", ".join(sorted({partial.model for partial in partials.partials})) or "not called",
                **usage_metadata(partials.usage),
            },
        )

    return chunk_summaries
