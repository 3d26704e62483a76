"""Reading a window from PostgreSQL. Nothing here writes.

Belongs here: SQL of the report. Does not belong here: conclusions (``analysis``), and what JSON columns mean
(``model_info``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import array

from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import Video
from summary_pipeline.database.own_models import (
    AnswerBatch,
    DeadLetter,
    SummaryJudgement,
    SummaryVersion,
    VideoStatusLog,
)
from summary_pipeline.database.persistence import SUPERSEDED_REASON
from summary_pipeline.report.data import (
    UNKNOWN,
    BatchBill,
    DeadLetterRow,
    FailureRow,
    JudgementRow,
    ReportData,
    Spent,
    SummaryRow,
    Texts,
    TrendRow,
    Variant,
)
from summary_pipeline.report.model_info import read_model_info, unit_score
from summary_pipeline.report.swap_test import swap_sample
from summary_pipeline.report.window import Window
from summary_pipeline.report.worst import worst_of

_PAGE: Final = 500

VERSION_COLUMNS: Final = (
    SummaryVersion.id,
    SummaryVersion.video_id,
    SummaryVersion.created_at,
    SummaryVersion.model,
    SummaryVersion.prompt_version,
    SummaryVersion.quality_score,
    SummaryVersion.model_info,
    SummaryVersion.source_event_id,
    SummaryVersion.source_event_ts,
    SummaryVersion.summarized_event_id,
    SummaryVersion.run_id,
    SummaryVersion.summary_path,
)
"""What ``summary_row`` reads."""


def gather(engine: Engine, window: Window) -> ReportData:
    """Return everything that the report of ``window`` is made from, as of one moment.

    Raises:
        DatabaseError: the database could not answer.
    """
    with typed_errors(f"reading the {window.period.value} report of {window.label}"), engine.connect() as plain:
        # All statements see the same rows, so that the numbers of a report add up.
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        summaries = _summaries(connection, window)
        return ReportData(
            window=window,
            summaries=summaries,
            previous=_summaries(connection, window.previous),
            failures=_failures(connection, window),
            dead_letters=_dead_letters(connection, window),
            judgements=_judgements(connection, window),
            batches=_batches(connection, window),
            trend=_trend(connection, window),
            first_seen=_first_seen(connection, window),
            texts=read_texts(connection, {row.id for row in (*worst_of(summaries), *swap_sample(summaries))}),
        )


def summary_row(row: Row[Any]) -> SummaryRow:
    """Return what reports keep of a row of ``VERSION_COLUMNS``."""
    info = read_model_info(row.model_info)
    return SummaryRow(
        id=row.id,
        video_id=row.video_id,
        created_at=row.created_at,
        variant=Variant(row.model or UNKNOWN, row.prompt_version or UNKNOWN),
        score=unit_score(row.quality_score),
        components=info.components,
        flags=info.flags,
        evidence=info.evidence,
        scorer=info.scorer,
        language=info.language,
        spent=info.spent,
        spent_before=info.spent_before,
        source_event_id=row.source_event_id,
        source_event_ts=row.source_event_ts,
        summarized_event_id=str(row.summarized_event_id) if row.summarized_event_id else None,
        run_id=row.run_id,
        summary_path=row.summary_path,
    )


def read_rows(connection: Connection, statement: Select[Any]) -> tuple[SummaryRow, ...]:
    """Return the rows of a statement on ``VERSION_COLUMNS``, a page of JSON in memory at a time."""
    return tuple(summary_row(row) for row in connection.execute(statement.execution_options(yield_per=_PAGE)))


def read_texts(connection: Connection, version_ids: Iterable[int]) -> dict[int, Texts]:
    """Return title and summary of versions, by their id."""
    statement = (
        select(SummaryVersion.id, Video.title, SummaryVersion.summary_text)
        .outerjoin(Video, Video.id == SummaryVersion.video_id)
        .where(SummaryVersion.id.in_(list(version_ids)))
    )
    return {row.id: Texts(row.title, row.summary_text) for row in connection.execute(statement)}


def _summaries(connection: Connection, window: Window) -> tuple[SummaryRow, ...]:
    statement = (
        select(*VERSION_COLUMNS)
        .where(SummaryVersion.created_at >= window.start_utc, SummaryVersion.created_at < window.end_utc)
        .order_by(SummaryVersion.id)
    )
    return read_rows(connection, statement)


def _first_seen(connection: Connection, window: Window) -> dict[Variant, datetime]:
    statement = (
        select(SummaryVersion.model, SummaryVersion.prompt_version, func.min(SummaryVersion.created_at))
        .where(SummaryVersion.created_at < window.end_utc)
        .group_by(SummaryVersion.model, SummaryVersion.prompt_version)
    )
    return {
        Variant(model or UNKNOWN, prompts or UNKNOWN): first for model, prompts, first in connection.execute(statement)
    }


def _failures(connection: Connection, window: Window) -> tuple[FailureRow, ...]:
    """A failure that leaves the earlier summary in place moves no status, as a summary of an indexed video moves none.

    What tells them apart is the version that only the latter left. It is asked for by the run, not by the event, which
    another run may have answered since.
    """
    failed = VideoStatusLog.to_status == VideoStatus.FAILED
    kept = and_(
        VideoStatusLog.from_status == VideoStatusLog.to_status,
        VideoStatusLog.to_status.in_([VideoStatus.INDEXING, VideoStatus.READY]),
        ~exists().where(
            SummaryVersion.video_id == VideoStatusLog.video_id, SummaryVersion.run_id == VideoStatusLog.run_id
        ),
    )
    statement = (
        select(
            VideoStatusLog.video_id,
            VideoStatusLog.reason,
            VideoStatusLog.created_at,
            VideoStatusLog.run_id,
            kept.label("kept"),
        )
        .where(VideoStatusLog.created_at >= window.start_utc, VideoStatusLog.created_at < window.end_utc)
        .where(or_(failed, kept), ~VideoStatusLog.reason.startswith(SUPERSEDED_REASON))
        .order_by(VideoStatusLog.id)
    )
    return tuple(FailureRow(*row) for row in connection.execute(statement))


def _dead_letters(connection: Connection, window: Window) -> tuple[DeadLetterRow, ...]:
    statement = (
        select(
            DeadLetter.topic,
            DeadLetter.partition,
            DeadLetter.offset,
            DeadLetter.stage,
            DeadLetter.error_class,
            DeadLetter.reason,
            DeadLetter.created_at,
            DeadLetter.replays,
        )
        .where(DeadLetter.created_at >= window.start_utc, DeadLetter.created_at < window.end_utc)
        .order_by(DeadLetter.id)
    )
    return tuple(DeadLetterRow(*row) for row in connection.execute(statement))


def _judgements(connection: Connection, window: Window) -> tuple[JudgementRow, ...]:
    """Of summaries of the window, whenever they were judged."""
    statement = (
        select(SummaryJudgement.judge, SummaryJudgement.score, SummaryVersion.quality_score, SummaryJudgement.cost_usd)
        .join(SummaryVersion, SummaryVersion.summarized_event_id == SummaryJudgement.summarized_event_id)
        .where(SummaryVersion.created_at >= window.start_utc, SummaryVersion.created_at < window.end_utc)
        .order_by(SummaryJudgement.id)
    )
    found = []
    for judge, stored, offline, cost in connection.execute(statement):
        score = unit_score(stored)
        if score is not None:
            found.append(JudgementRow(judge, score, unit_score(offline), cost))
    return tuple(found)


def _batches(connection: Connection, window: Window) -> tuple[BatchBill, ...]:
    statement = (
        select(
            func.coalesce(AnswerBatch.answered_by, UNKNOWN),
            func.coalesce(AnswerBatch.prompt_version, UNKNOWN),
            AnswerBatch.answered_calls,
            AnswerBatch.input_tokens,
            AnswerBatch.output_tokens,
            AnswerBatch.spent_usd,
        )
        .where(AnswerBatch.answered_at >= window.start_utc, AnswerBatch.answered_at < window.end_utc)
        .order_by(AnswerBatch.id)
    )
    return tuple(
        BatchBill(Variant(model, prompts), Spent(calls, given, written, usd, batch_calls=calls))
        for model, prompts, calls, given, written, usd in connection.execute(statement)
    )


def _trend(connection: Connection, window: Window) -> tuple[TrendRow, ...]:
    """Count and average in PostgreSQL: eight weeks of scores are not needed one by one."""
    windows = [window.before(back) for back in range(window.period.trend_length - 1, -1, -1)]
    statement = trend_statement(windows)
    found = {row.bucket: row for row in connection.execute(statement)}
    return tuple(_trend_row(each, found.get(number)) for number, each in enumerate(windows, start=1))


def trend_statement(windows: Sequence[Window]) -> Select[Any]:
    """Return the statement that counts summaries and averages scores by window; ``bucket`` counts from 1.

    A score that is NaN, which PostgreSQL's columns can hold, is greater than any number there, and so left out.
    """
    thresholds = array([literal(each.start_utc) for each in windows])
    bucket = func.width_bucket(SummaryVersion.created_at, thresholds)
    score = SummaryVersion.quality_score
    is_score = score.between(0, 1)
    return (
        select(
            bucket.label("bucket"),
            func.count().label("summaries"),
            func.count().filter(is_score).label("scored"),
            func.avg(score).filter(is_score).label("mean"),
            func.stddev_samp(score).filter(is_score).label("stddev"),
        )
        .where(SummaryVersion.created_at >= windows[0].start_utc, SummaryVersion.created_at < windows[-1].end_utc)
        .group_by(bucket)
        .order_by(bucket)
    )


def _trend_row(window: Window, row: Row[Any] | None) -> TrendRow:
    if row is None:
        return TrendRow(window, 0, 0, None, None)
    return TrendRow(window, row.summaries, row.scored, row.mean, row.stddev)
