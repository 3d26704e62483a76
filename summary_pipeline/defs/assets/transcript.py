"""The asset ``transcript``: a stored transcript document, read and normalized."""

from collections.abc import Iterator

import dagster as dg
from pydantic import BaseModel, ConfigDict

from summary_pipeline.contract.object_keys import stored_transcript_key
from summary_pipeline.defs import checks
from summary_pipeline.defs.assets.metadata import ROW_COUNT, Origin
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.external_assets import transcript_documents, video_transcribed_topic
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.quality.verdicts import Verdict, judge_snippet_count
from summary_pipeline.summarization.transcript import Transcript

CODE_VERSION = "1"


class SourcedTranscript(BaseModel):
    """A transcript and the object that it was read from. ``source_sha256`` is the hex digest of the object's bytes."""

    model_config = ConfigDict(frozen=True)

    source_key: str
    source_sha256: str
    transcript: Transcript


def build_transcript(options: AssetOptions) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        **options.common(),
        deps=[video_transcribed_topic, transcript_documents],
        kinds={"s3", "json"},
        code_version=CODE_VERSION,
        check_specs=checks.specs_of("transcript"),
        # A run whose event has had its effect ends here, in success, and everything after it is skipped.
        output_required=False,
        description="The video's transcript as the transcriber stored it, parsed and normalized, times kept.",
    )
    def transcript(
        context: dg.AssetExecutionContext,
        object_store: dg.ResourceParam[ObjectStore],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
    ) -> Iterator[dg.MaterializeResult[SourcedTranscript] | dg.AssetCheckResult]:
        video_id = video_id_of(context.partition_key)
        origin = Origin.of(context)
        with clear_failures(context, options.retries):
            event = origin.event
            if event is not None and database.processed_among([event.event_id]):
                context.log.info("Event %s has had its effect already; there is nothing to do.", event.event_id)
                # Dagster wants a result of every check, also where nothing is materialized.
                skipped = Verdict(passed=True, reason="The event has had its effect already; nothing was read.")
                yield from checks.results({checks.SNIPPET_COUNT: skipped}, context.partition_key)
                return
            database.require_video(video_id)
            key = _source_key(event, database.transcript_path(video_id), video_id)
            stored = object_store.read(key, max_bytes=settings.pipeline.summary_max_transcript_bytes)
            parsed = parse_transcript(stored.body, key=key)
        announced = event.snippet_count if event else None
        verdicts = {checks.SNIPPET_COUNT: judge_snippet_count(len(parsed.snippets), announced)}
        yield dg.MaterializeResult(
            value=SourcedTranscript(source_key=key, source_sha256=stored.sha256, transcript=parsed),
            metadata={
                "source": dg.MetadataValue.url(object_store.uri(key)),
                "source_sha256": stored.sha256,
                "source_bytes": len(stored.body),
                ROW_COUNT: len(parsed.snippets),
                "characters": len(parsed.text),
                "language": parsed.language or "not stated",
                **origin.metadata(),
                **checks.verdict_metadata(verdicts),
                "beginning": dg.MetadataValue.text(parsed.text[:500]),
            },
            data_version=dg.DataVersion(stored.sha256),
            check_results=checks.results(verdicts, context.partition_key),
        )

    return transcript


def _source_key(event: EventOrigin | None, recorded_path: str | None, video_id: int) -> str:
    """The event's key is what counts; a backfill has none and goes by the transcriber's record, else by the pattern."""
    if event is not None:
        return event.transcript_key
    return stored_transcript_key(video_id, recorded_path)
