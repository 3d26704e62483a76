"""The asset ``chunks``: the transcript cut into pieces that a model takes."""

import dagster as dg

from summary_pipeline.defs.assets.metadata import ROW_COUNT, Origin
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.assets.transcript import SourcedTranscript
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript, coverage


def build_chunks(options: AssetOptions, *, max_tokens: int, encoding: str) -> dg.AssetsDefinition:
    """Return the asset. ``max_tokens`` counts tokens of ``encoding`` (tiktoken's name)."""

    @dg.asset(
        **options.common(),
        kinds={"python"},
        code_version=f"1-{encoding}-{max_tokens}",
        description=f"The transcript in chunks of at most {max_tokens:,} tokens; every token is in exactly one chunk.",
    )
    def chunks(context: dg.AssetExecutionContext, transcript: SourcedTranscript) -> dg.MaterializeResult[Chunks]:
        origin = Origin.of(context)
        with clear_failures(context, options.retries):
            cut = chunk_transcript(transcript.transcript, max_tokens=max_tokens, encoding=encoding)
        return dg.MaterializeResult(
            value=cut.model_copy(update={"source_sha256": transcript.source_sha256}),
            metadata={
                ROW_COUNT: len(cut.chunks),
                **origin.metadata(),
                "tokens": cut.transcript_tokens,
                "largest_chunk_tokens": max(chunk.tokens for chunk in cut.chunks),
                "snippets": cut.snippet_count,
                "coverage": coverage(cut),
            },
        )

    return chunks
