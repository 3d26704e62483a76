"""The one place where everything is wired.

Belongs here: which assets, jobs, sensors and resources there are, and what settings shape them.
Does not belong here: what any of them does.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from summary_pipeline.defs.assets.chunk_summaries import build_chunk_summaries
from summary_pipeline.defs.assets.chunks import build_chunks
from summary_pipeline.defs.assets.final_summary import build_final_summary
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.assets.persisted_summary import build_persisted_summary
from summary_pipeline.defs.assets.quality_report import ReportOptions, build_quality_reports
from summary_pipeline.defs.assets.summary_judgement import build_summary_judgement
from summary_pipeline.defs.assets.transcript import build_transcript
from summary_pipeline.defs.batch_sensor import answer_batches_sensor
from summary_pipeline.defs.event_sensor import video_transcribed_sensor
from summary_pipeline.defs.external_assets import EXTERNAL_ASSETS
from summary_pipeline.defs.failure_sensor import failed_summary_sensor
from summary_pipeline.defs.job import summarize_video
from summary_pipeline.defs.lost_event_sensor import lost_event_sensor
from summary_pipeline.defs.run_retention import build_run_retention
from summary_pipeline.resources.factories import build_resources
from summary_pipeline.resources.retrying import RetrySchedule
from summary_pipeline.resources.summarizer import plan_of
from summary_pipeline.settings import PipelineSettings, load_group
from summary_pipeline.summarization.model_registry import require_usable

logger = logging.getLogger(__name__)


def build_defs(
    *, settings: PipelineSettings | None = None, resources: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Return fresh definitions.

    Args:
        settings: what shapes the definitions; read from the environment where it is not given.
        resources: replaces resources by name.

    Raises:
        SettingsError: a variable is malformed.
        ModelConfigurationError: the model has been shut down, or the registry's file can't be used.
    """
    chosen = settings or load_group(PipelineSettings)
    for warning in require_usable(plan_of(chosen).spec, today=datetime.now(UTC).date()):
        logger.warning(warning)
    summaries = dg.Definitions(
        assets=[*EXTERNAL_ASSETS, *_assets(chosen)],
        jobs=[summarize_video],
        sensors=[video_transcribed_sensor, failed_summary_sensor, lost_event_sensor, answer_batches_sensor],
        resources={**build_resources(), **(resources or {})},
        executor=dg.in_process_executor,
    )
    reports = ReportOptions(chosen.summary_report_timezone, chosen.summary_report_start_date, _retries(chosen))
    retention = build_run_retention(days=chosen.summary_run_retention_days, time_zone=chosen.summary_report_timezone)
    return dg.Definitions.merge(summaries, build_quality_reports(reports), retention)


def _assets(settings: PipelineSettings) -> list[dg.AssetsDefinition]:
    options = AssetOptions(_retries(settings))
    plan, judge = plan_of(settings), settings.summary_judge_model
    return [
        build_transcript(options),
        build_chunks(options, max_tokens=plan.parameters.chunk_tokens, encoding=plan.spec.encoding),
        build_chunk_summaries(options, code_version=plan.map_code_version),
        build_final_summary(options, code_version=plan.reduce_code_version),
        build_persisted_summary(options),
        *([build_summary_judgement(options, model=judge)] if judge else []),
    ]


def _retries(settings: PipelineSettings) -> RetrySchedule:
    return RetrySchedule(settings.summary_retry_attempts, settings.summary_retry_delay_seconds)
