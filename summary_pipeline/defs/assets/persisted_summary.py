"""The asset ``persisted_summary``: the summary where the platform reads it.

Files before the commit, so that a committed row never points at nothing (docs/adr/0002).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from summary_pipeline.contract.object_keys import summary_json_key, summary_text_key
from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.database.persistence import PersistOutcome, PersistRequest
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.database.versions import COUNTED_FIELD
from summary_pipeline.defs import checks
from summary_pipeline.defs.assets.metadata import ROW_COUNT, Origin, quality_metadata
from summary_pipeline.defs.assets.one_source import require_one_source
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.assets.payer import is_paid_by_this_run
from summary_pipeline.defs.assets.transcript import SourcedTranscript
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.defs.run_retries import first_run_id
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.summary_files import StoredSummaryFiles
from summary_pipeline.settings import PipelineSettings, Settings
from summary_pipeline.summarization.quality import SCORER, stored_score, verdicts
from summary_pipeline.summarization.summary import (
    FinalSummary,
    Source,
    SummaryDocument,
    summary_document,
    summary_markdown,
    summary_text,
)

CODE_VERSION = "3"


def build_persisted_summary(options: AssetOptions) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        **options.common(),
        kinds={"postgres", "s3"},
        code_version=f"{CODE_VERSION}-{SCORER}",
        check_specs=checks.specs_of("persisted_summary"),
        description=(
            "`summary.json` and `summary.txt` in S3, and in one transaction: the row in `video_summaries`, its version "
            "in `summary_versions`, the video's status, its log, the outgoing event in `outbox_events` and the event's "
            "id in `processed_messages`."
        ),
    )
    def persisted_summary(
        context: dg.AssetExecutionContext,
        transcript: SourcedTranscript,
        final_summary: FinalSummary,
        object_store: dg.ResourceParam[ObjectStore],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
    ) -> Iterator[dg.MaterializeResult[None]]:
        video_id = video_id_of(context.partition_key)
        origin = Origin.of(context)
        event = origin.event
        with clear_failures(context, options.retries):
            made_by = final_summary.run_id
            if made_by is None or not is_paid_by_this_run(context, database, made_by):
                final_summary = final_summary.paid_before()
            require_one_source(event, transcript, final_summary)
            quality = stored_score(transcript.transcript.text, final_summary.summary, language=final_summary.language)
            document = _document(video_id, event, transcript, final_summary, quality)
            files = StoredSummaryFiles(
                object_store,
                video_id,
                document=document.model_dump_json(indent=2).encode(),
                text=summary_text(final_summary).encode(),
            )
            outcome = database.persist(_request(context, event, document, final_summary.counted_runs), files)
        context.log.info("Video %s: %s", video_id, outcome.result)
        found = _verdicts(quality, outcome, database, settings.pipeline)
        yield dg.MaterializeResult(
            metadata={
                "summary": dg.MetadataValue.md(summary_markdown(final_summary)),
                **quality_metadata(quality),
                **checks.verdict_metadata(found),
                "result": outcome.result.value,
                "status": f"{outcome.from_status} -> {outcome.to_status}" if outcome.to_status else "unchanged",
                "summary_json": dg.MetadataValue.url(object_store.uri(summary_json_key(video_id))),
                "summary_text": dg.MetadataValue.url(object_store.uri(summary_text_key(video_id))),
                "outgoing_event": outcome.outgoing_event_id or "none",
                "seconds_since_event": _age_seconds(event),
                "model": final_summary.model,
                ROW_COUNT: 1 if outcome.outgoing_event_id else 0,
                **origin.metadata(),
            },
            check_results=checks.results(found, context.partition_key),
        )

    return persisted_summary


def _document(
    video_id: int,
    event: EventOrigin | None,
    transcript: SourcedTranscript,
    final: FinalSummary,
    quality: dict[str, Any],
) -> SummaryDocument:
    return summary_document(
        final,
        video_id=video_id,
        source=Source(key=transcript.source_key, sha256=transcript.source_sha256),
        created_at=datetime.now(UTC),
        event_id=event.event_id if event else None,
        quality=quality,
    )


def _request(
    context: dg.AssetExecutionContext, event: EventOrigin | None, document: SummaryDocument, counted_runs: Sequence[str]
) -> PersistRequest:
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
        run_id=context.run.run_id,
        first_run_id=first_run_id(context.run, context.instance.get_run_by_id),
        summary_text=document.summary,
        summary_path=summary_json_key(document.video_id),
        source_event=source_event,
        quality_score=(document.quality or {}).get("score"),
        model=document.model,
        # Not today's: a run that was resumed may find a summary that was made before a deployment.
        prompt_version=document.provenance.prompt_version,
        model_info={
            **document.model_dump(
                mode="json", include={"model", "language", "quality", "provenance", "schema_version"}
            ),
            COUNTED_FIELD: list(counted_runs),
        },
    )


def _verdicts(
    quality: Mapping[str, Any], outcome: PersistOutcome, database: Database, settings: PipelineSettings
) -> checks.Verdicts:
    score = quality["score"]
    return {
        checks.SUPPORT: verdicts.judge_support(quality["components"]["support"], least=settings.summary_min_support),
        checks.SCORE_ABOVE_THRESHOLD: verdicts.judge_score(
            score, least=settings.summary_min_score, flags=quality["flags"]
        ),
        checks.SCORE_NEAR_MEDIAN: _against_median(score, outcome, database, settings),
    }


def _against_median(
    score: float | None, outcome: PersistOutcome, database: Database, settings: PipelineSettings
) -> verdicts.Verdict:
    if outcome.outgoing_event_id is None:
        return verdicts.Verdict(passed=True, reason="Nothing was saved, so there is nothing to compare.")
    try:
        earlier = database.earlier_scores(outcome.outgoing_event_id, limit=settings.summary_score_history)
    except DatabaseError as error:
        # The summary is saved. That a warning can't be decided must not fail its run.
        return verdicts.Verdict(passed=False, reason=f"Earlier scores could not be read: {error}")
    return verdicts.judge_against_median(
        score,
        earlier,
        fewest=max(3, settings.summary_score_history // 5),
        most_below=settings.summary_max_score_drop,
    )


def _age_seconds(event: EventOrigin | None) -> float | None:
    return (datetime.now(UTC) - event.ts).total_seconds() if event and event.ts else None
