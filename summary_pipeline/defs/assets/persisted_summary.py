"""The asset ``persisted_summary``: the summary where the platform reads it.

Files before the commit, so that a committed row never points at nothing (docs/adr/0002).
"""

from datetime import UTC, datetime

import dagster as dg

from summary_pipeline.contract.object_keys import summary_json_key, summary_text_key
from summary_pipeline.database.persistence import PersistRequest
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.defs.assets.metadata import ROW_COUNT, Origin
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.assets.transcript import SourcedTranscript
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.summarization.quality import score_summary
from summary_pipeline.summarization.summary import (
    FinalSummary,
    Source,
    SummaryDocument,
    summary_document,
    summary_markdown,
    summary_text,
)

CODE_VERSION = "1"


def build_persisted_summary(options: AssetOptions) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        **options.common(),
        kinds={"postgres", "s3"},
        code_version=CODE_VERSION,
        description=(
            "`summary.json` and `summary.txt` in S3, and in one transaction: the row in `video_summaries`, the video's "
            "status, its log, the outgoing event in `outbox_events` and the event's id in `processed_messages`."
        ),
    )
    def persisted_summary(
        context: dg.AssetExecutionContext,
        transcript: SourcedTranscript,
        final_summary: FinalSummary,
        object_store: dg.ResourceParam[ObjectStore],
        database: dg.ResourceParam[Database],
    ) -> dg.MaterializeResult[None]:
        video_id = video_id_of(context.partition_key)
        origin = Origin.of(context)
        event = origin.event
        with clear_failures():
            document = _document(video_id, event, transcript, final_summary)

            def write_files() -> None:
                _write_files(object_store, document, final_summary)

            outcome = database.persist(_request(context.run.run_id, event, document), write_files)
        context.log.info("Video %s: %s", video_id, outcome.result)
        return dg.MaterializeResult(
            metadata={
                "summary": dg.MetadataValue.md(summary_markdown(final_summary)),
                "result": outcome.result.value,
                "status": f"{outcome.from_status} -> {outcome.to_status}" if outcome.to_status else "unchanged",
                "summary_json": dg.MetadataValue.url(object_store.uri(summary_json_key(video_id))),
                "summary_text": dg.MetadataValue.url(object_store.uri(summary_text_key(video_id))),
                "quality_score": (document.quality or {}).get("score"),
                "outgoing_event": outcome.outgoing_event_id or "none",
                "seconds_since_event": _age_seconds(event),
                "model": final_summary.model,
                ROW_COUNT: 1 if outcome.outgoing_event_id else 0,
                **origin.metadata(),
            }
        )

    return persisted_summary


def _write_files(object_store: ObjectStore, document: SummaryDocument, final: FinalSummary) -> None:
    body = document.model_dump_json(indent=2).encode()
    object_store.write(summary_json_key(document.video_id), body, content_type="application/json")
    text = summary_text(final).encode()
    object_store.write(summary_text_key(document.video_id), text, content_type="text/plain; charset=utf-8")


def _document(
    video_id: int, event: EventOrigin | None, transcript: SourcedTranscript, final: FinalSummary
) -> SummaryDocument:
    quality = score_summary(transcript.transcript.text, final.summary, language=final.language)
    return summary_document(
        final,
        video_id=video_id,
        source=Source(key=transcript.source_key, sha256=transcript.source_sha256),
        created_at=datetime.now(UTC),
        event_id=event.event_id if event else None,
        quality=quality.model_dump(mode="json"),
    )


def _request(run_id: str, event: EventOrigin | None, document: SummaryDocument) -> PersistRequest:
    source_event = None
    if event is not None:
        source_event = SourceEvent(
            id=event.event_id,
            ts=event.ts,
            cluster_id=event.cluster_id,
            topic=event.topic,
            partition=event.partition,
            offset=event.offset,
        )
    return PersistRequest(
        video_id=document.video_id,
        run_id=run_id,
        summary_text=document.summary,
        summary_path=summary_json_key(document.video_id),
        source_event=source_event,
        quality_score=(document.quality or {}).get("score"),
        model_info=document.model_dump(
            mode="json", include={"model", "language", "quality", "provenance", "schema_version"}
        ),
    )


def _age_seconds(event: EventOrigin | None) -> float | None:
    return (datetime.now(UTC) - event.ts).total_seconds() if event and event.ts else None
