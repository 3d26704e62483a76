"""The assets ``quality_report_daily`` and ``quality_report_weekly``, with their jobs and schedules.

Belongs here: partitions in time, where files are stored, and what the UI shows of a report. Does not belong here: what
a report says (``report``).

``report`` draws with matplotlib, which takes a second and some 60 MB to import and looks at the machine's fonts while
it does: it is imported when a report is made, so that no other run, and no loading of definitions, pays for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dagster as dg
from pydantic import ValidationError

from summary_pipeline.defs.assets.options import OWNER
from summary_pipeline.defs.assets.transcript import SourcedTranscript
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.report.links import Links
from summary_pipeline.report.window import Period, Window
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.factories import INTERMEDIATE_PREFIX
from summary_pipeline.resources.object_store import ObjectMissingError, ObjectStore, ObjectTooLargeError
from summary_pipeline.resources.retrying import RetrySchedule
from summary_pipeline.settings import Settings

if TYPE_CHECKING:
    from summary_pipeline.report.making import MadeReport, ReportFile

GROUP: Final = "reports"
CODE_VERSION: Final = "2"
_PREFIX: Final = "reports/quality"
_MONDAY: Final = 1
_MAX_TRANSCRIPT_BYTES: Final = 16 * 1024 * 1024
"""Longest transcript that the swap test reads: some two million tokens."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What shapes the reports: whose days they are of, since when, and when a report is attempted again."""

    time_zone: str
    start_date: date
    retries: RetrySchedule


def build_quality_reports(options: ReportOptions) -> dg.Definitions:
    """Return both assets, each with a job, and a schedule that runs it once the report's days have ended.

    The schedules wait a quarter of an hour, weeks half an hour: by then, what was being committed at midnight is there.
    """
    jobs = {
        period: dg.define_asset_job(
            f"report_{period.value}",
            selection=dg.AssetSelection.assets(_name(period)),
            executor_def=dg.in_process_executor,
            description=f"Makes a {period.value} quality report.",
        )
        for period in Period
    }
    schedules = [
        dg.build_schedule_from_partitioned_job(
            job,
            name=f"{_name(period)}_schedule",
            description=f"Makes the {period.value} quality report once its last day is over.",
            hour_of_day=0,
            minute_of_hour=15 if period is Period.DAILY else 30,
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
        for period, job in jobs.items()
    ]
    assets = [_quality_report(period, options) for period in Period]
    return dg.Definitions(assets=assets, jobs=list(jobs.values()), schedules=schedules)


def _quality_report(period: Period, options: ReportOptions) -> dg.AssetsDefinition:
    @dg.asset(
        name=_name(period),
        partitions_def=_partitions(period, options),
        group_name=GROUP,
        owners=[OWNER],
        kinds={"html"},
        code_version=CODE_VERSION,
        # A report is of what was written in its days; which videos these are, only its rows tell.
        deps=[dg.AssetDep("persisted_summary", partition_mapping=dg.AllPartitionMapping())],
        description=(
            f"How good the summaries of a {'day' if period is Period.DAILY else 'week'} are, what failed and what it "
            "cost: a page that stands alone, and the same as JSON and CSV."
        ),
    )
    def quality_report(
        context: dg.AssetExecutionContext,
        object_store: dg.ResourceParam[ObjectStore],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
    ) -> dg.MaterializeResult[None]:
        from summary_pipeline.report.making import make_report  # noqa: PLC0415 -- see the module's docstring

        window = Window(period, context.partition_time_window.start.date(), options.time_zone)
        with clear_failures(context, options.retries):
            made = make_report(
                database.engine,
                window,
                generated_at=datetime.now(UTC),
                read_transcript=lambda video_id: stored_transcript(object_store, video_id),
                links=Links(settings.pipeline.summary_dagster_url),
            )
            place = f"{period.value}/{window.first_day.isoformat()}"
            uris = [
                object_store.write(f"{_PREFIX}/{place}/{file.name}", file.body, content_type=file.content_type)
                for file in made.files
            ]
            page = write_files(settings.pipeline.summary_report_dir / "quality" / place, made.files)
        return dg.MaterializeResult(
            metadata={
                **_metadata(made),
                "page": dg.MetadataValue.path(page),
                **{file.name: dg.MetadataValue.url(uri) for file, uri in zip(made.files, uris, strict=True)},
            }
        )

    return quality_report


def stored_transcript(objects: ObjectStore, video_id: int) -> str | None:
    """Return the video's transcript as the asset ``transcript`` stored it.

    None where there is none, where it is too large, or where another version wrote it.

    Raises:
        ObjectStoreError: S3 or the network is in trouble.
    """
    key = f"{INTERMEDIATE_PREFIX}/transcript/{video_id}.json"
    try:
        body = objects.read(key, max_bytes=_MAX_TRANSCRIPT_BYTES).body
        return SourcedTranscript.model_validate_json(body).transcript.text
    except (ObjectMissingError, ObjectTooLargeError, ValidationError):
        return None


def write_files(directory: Path, files: "Sequence[ReportFile]") -> Path:
    """Write a report's files and return where its page is. A reader sees an old file or a new one, never half of one.

    Raises:
        dagster.Failure: the directory can't be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            unfinished = directory / f".{file.name}.part"
            unfinished.write_bytes(file.body)
            unfinished.replace(directory / file.name)
    except OSError as error:
        raise dg.Failure(
            f"{directory} can't be written: {error.strerror or error}. Set SUMMARY_REPORT_DIR to a directory that the "
            "workers may write; the report is in S3 already.",
            allow_retries=False,
        ) from error
    return (directory / files[0].name).resolve()


def _metadata(made: "MadeReport") -> dict[str, dg.MetadataValue | int | float | str | None]:
    from summary_pipeline.report.drawing import png_data_uri  # noqa: PLC0415 -- see the module's docstring

    report = made.report
    return {
        "trend": dg.MetadataValue.md(f"![Mean score and number of summaries]({png_data_uri(made.main_plot)})"),
        "summaries": report.counts.summaries,
        "mean_score": report.scores.mean.value if report.scores else "no scores",
        "flagged": report.counts.flagged,
        "failures": report.counts.failures,
        "dead_letters": report.counts.dead_letters,
        "cost_usd": sum(line.cost_usd for line in report.usage),
        "seconds_to_summary_p50": report.latency.p50 if report.latency else "no events",
        "seconds_to_summary_p95": report.latency.p95 if report.latency else "no events",
        "swap_test": report.swap_test.skipped or f"{report.swap_test.lower} of {report.swap_test.swaps} lower",
        "window": f"{report.window.start.isoformat()} to {report.window.end.isoformat()}",
    }


def _name(period: Period) -> str:
    return f"quality_report_{period.value}"


def _partitions(period: Period, options: ReportOptions) -> dg.TimeWindowPartitionsDefinition:
    start = options.start_date.isoformat()
    if period is Period.DAILY:
        return dg.DailyPartitionsDefinition(start_date=start, timezone=options.time_zone)
    return dg.WeeklyPartitionsDefinition(start_date=start, timezone=options.time_zone, day_offset=_MONDAY)
