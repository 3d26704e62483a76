"""The final transaction, interrupted before each of its statements and its commit; and in the middle of two."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, PoolProxiedConnection

from summary_pipeline.database.engine import Timeouts, create_database_engine
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, VideoSummary
from summary_pipeline.database.persistence import PersistResult
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline_tests.database.faults import (
    Action,
    Crash,
    before_step,
    commit_whose_answer_is_lost,
    crash,
    cut,
)
from summary_pipeline_tests.database.lock_waits import await_a_session_that_waits
from summary_pipeline_tests.database.rows import (
    NOON,
    OTHER_EVENT_ID,
    NoFiles,
    add_found_summary,
    add_video,
    all_of,
    persist,
    request,
    state,
)

pytestmark = pytest.mark.servers

Prepare = Callable[[Engine], None]

FEWEST_POINTS = 10
"""Time-outs, lock, processed message, video, stored summary, upsert, version, status, outbox, log; then the commit."""


def never_summarized(_engine: Engine) -> None:
    """Leave the video without a summary."""


def summarized_by_us(engine: Engine) -> None:
    persist(engine, request(event=SourceEvent(id=OTHER_EVENT_ID, ts=NOON - timedelta(hours=1))))


BEFORE = pytest.mark.parametrize("prepare", [never_summarized, summarized_by_us, add_found_summary])


@BEFORE
def test_a_crash_before_any_statement_leaves_nothing(engine: Engine, prepare: Prepare) -> None:
    points = interrupt_everywhere(engine, crash, Crash, prepare)
    assert points > FEWEST_POINTS


@BEFORE
def test_a_connection_lost_before_any_statement_leaves_nothing(
    engine: Engine, other_engine: Engine, prepare: Prepare
) -> None:
    points = interrupt_everywhere(engine, cut(other_engine), TransientDatabaseError, prepare)
    assert points > FEWEST_POINTS


def interrupt_everywhere(engine: Engine, action: Action, raises: type[BaseException], prepare: Prepare) -> int:
    """Interrupt at each point in turn, until a transaction runs through; return how many points there were."""
    add_video(engine)
    prepare(engine)
    before = state(engine)
    engine.dispose()
    point = 0
    while True:
        point += 1
        with before_step(engine, point, action) as trigger:
            outcome = None
            try:
                outcome = persist(engine, request())
            except raises:
                assert trigger.fired
        if outcome is not None:
            assert not trigger.fired
            assert outcome.result is PersistResult.SAVED
            return point - 1
        assert state(engine) == before, f"interrupted at point {point}"


class FailingFiles(NoFiles):
    """A bucket that fails at one step of two."""

    def __init__(self, failing: str) -> None:
        super().__init__()
        self._failing = failing

    def keep_found(self, version: str) -> bool:
        kept = super().keep_found(version)
        self._fail("keep")
        return kept

    def write(self, version: str) -> None:
        super().write(version)
        self._fail("write")

    def _fail(self, step: str) -> None:
        if self._failing == step:
            raise ConnectionError(f"no {step}")


@pytest.mark.parametrize(("failing", "asked"), [("keep", ["keep"]), ("write", ["keep", "write"])])
def test_files_that_can_not_be_written_leave_no_row(engine: Engine, failing: str, asked: list[str]) -> None:
    add_video(engine)
    add_found_summary(engine)
    before = state(engine)
    files = FailingFiles(failing)
    with pytest.raises(ConnectionError, match=f"no {failing}"):
        persist(engine, request(), files)
    assert [step for step, _ in files.asked] == asked
    assert state(engine) == before


@BEFORE
def test_an_interrupted_attempt_and_the_next_write_the_same_versions(engine: Engine, prepare: Prepare) -> None:
    """So that an attempt leaves no files behind that no row knows."""
    add_video(engine)
    prepare(engine)
    interrupted, complete = NoFiles(), NoFiles()
    with before_step(engine, FEWEST_POINTS, crash) as trigger, pytest.raises(Crash):
        persist(engine, request(), interrupted)
    assert trigger.fired
    persist(engine, request(), complete)
    assert interrupted.asked == complete.asked


def test_a_connection_lost_after_the_commit_does_not_double_the_effect(engine: Engine, other_engine: Engine) -> None:
    """The client can't know whether the commit went through: it asks again and is told."""
    add_video(engine)
    with commit_whose_answer_is_lost(engine, other_engine), pytest.raises(TransientDatabaseError):
        persist(engine, request())
    after_loss = state(engine)
    assert len(all_of(engine, OutboxEvent)) == 1
    assert persist(engine, request()).result is PersistResult.ALREADY_PROCESSED
    assert state(engine) == after_loss


def test_two_runs_of_one_event_at_once_have_one_effect(engine: Engine) -> None:
    add_video(engine)
    both_ready = threading.Barrier(2)

    def persist_by(run_id: str) -> PersistResult:
        both_ready.wait(10)
        return persist(engine, request(run_id=run_id, summary_text=f"By {run_id}.")).result

    with ThreadPoolExecutor(2) as threads:
        results = sorted(threads.map(persist_by, ["run-1", "run-2"]))
    assert results == [PersistResult.ALREADY_PROCESSED, PersistResult.SAVED]
    assert [len(all_of(engine, table)) for table in (VideoSummary, OutboxEvent, ProcessedMessage)] == [1, 1, 1]


def test_a_second_event_of_a_video_waits_for_the_first_and_then_sees_it(engine: Engine, other_engine: Engine) -> None:
    add_video(engine)
    older = request(event=SourceEvent(id=OTHER_EVENT_ID, ts=NOON - timedelta(hours=1)))
    with ThreadPoolExecutor(1) as threads:
        running = []

        def start_the_other(_connection: PoolProxiedConnection) -> None:
            running.append(threads.submit(persist, other_engine, older))
            await_a_session_that_waits(other_engine)

        commit = FEWEST_POINTS + 1
        with before_step(engine, commit, start_the_other) as trigger:
            newer_outcome = persist(engine, request())
        assert trigger.fired
        assert newer_outcome.result is PersistResult.SAVED
        assert running[0].result(10).result is PersistResult.SUPERSEDED


def test_a_first_event_that_fails_lets_the_waiting_repeat_take_effect(engine: Engine, other_engine: Engine) -> None:
    add_video(engine)
    with ThreadPoolExecutor(1) as threads:
        running = []

        def start_the_other_and_crash(_connection: PoolProxiedConnection) -> None:
            running.append(threads.submit(persist, other_engine, request(run_id="run-2")))
            await_a_session_that_waits(other_engine)
            raise Crash

        with before_step(engine, FEWEST_POINTS, start_the_other_and_crash), pytest.raises(Crash):
            persist(engine, request())
        assert running[0].result(10).result is PersistResult.SAVED
    assert len(all_of(engine, OutboxEvent)) == 1


def test_waiting_for_another_run_of_the_video_is_bounded(engine: Engine, database_url: str, schema: str) -> None:
    add_video(engine)
    impatient = create_database_engine(database_url, schema=schema, timeouts=Timeouts(lock=0.1))

    def try_in_vain(_connection: PoolProxiedConnection) -> None:
        with pytest.raises(TransientDatabaseError, match="lock timeout"):
            persist(impatient, request(event=SourceEvent(id=OTHER_EVENT_ID)))

    with before_step(engine, FEWEST_POINTS, try_in_vain) as trigger:
        assert persist(engine, request()).result is PersistResult.SAVED
    assert trigger.fired
    impatient.dispose()
