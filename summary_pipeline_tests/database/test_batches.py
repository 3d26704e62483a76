from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from summary_pipeline.database.batches import (
    BatchRow,
    BatchState,
    Submission,
    begin_submission,
    due_batches,
    open_batches,
    postpone,
    record_abandoned,
    record_collected,
    record_end,
    record_submitted,
    record_told,
    request_batches,
)
from summary_pipeline.database.locks import batches_turn
from summary_pipeline.database.spending import spending_on

pytestmark = pytest.mark.servers

DAY = date(2026, 11, 20)


def only_row(engine: Engine) -> BatchRow:
    (row,) = open_batches(engine)
    return row


def submission(*video_ids: int, usd: float = 1.0) -> Submission:
    return Submission(key="a key", model="gpt-6-luna", prompt_version="p", video_ids=video_ids, requests=7, usd=usd)


@pytest.fixture
def submitted(engine: Engine) -> BatchRow:
    request_batches(engine, dict.fromkeys([1, 2], "a backfill"))
    assert begin_submission(engine, only_row(engine), submission(1, 2), day=DAY, limit_usd=10.0)
    assert record_submitted(engine, only_row(engine).id, "batch_1")
    return only_row(engine)


def test_a_video_waits_once(engine: Engine) -> None:
    assert request_batches(engine, dict.fromkeys([3, 1, 3], "a backfill")) == [3, 1]
    assert request_batches(engine, dict.fromkeys([1, 2], "a backfill")) == [2]
    assert request_batches(engine, dict.fromkeys([1, 2], "a backfill")) == []
    assert [row.video_ids for row in open_batches(engine)] == [(3, 1), (2,)]


def test_what_does_not_fit_waits_in_a_row_of_its_own(engine: Engine) -> None:
    request_batches(engine, dict.fromkeys([1, 2, 3], "a backfill"))
    assert begin_submission(engine, only_row(engine), submission(1), day=DAY, limit_usd=None)
    begun, rest = open_batches(engine)
    assert (begun.state, begun.video_ids, begun.submissions) == (BatchState.SUBMITTING, (1,), 1)
    assert (rest.state, rest.video_ids, rest.backfill_id) == (BatchState.REQUESTED, (2, 3), "a backfill")


def test_money_is_set_aside_until_the_end(engine: Engine, submitted: BatchRow) -> None:
    assert spending_on(engine, DAY).reserved_usd == 1.0
    assert record_end(engine, submitted, BatchState.ANSWERED, spent_usd=0.25)
    spending = spending_on(engine, DAY)
    assert (spending.spent_usd, spending.reserved_usd) == (0.25, 0.0)
    assert (only_row(engine).spent_usd, only_row(engine).reserved_usd) == (0.25, 0.0)


def test_a_batch_whose_cost_is_not_known_counts_as_what_was_set_aside_for_it(
    engine: Engine, submitted: BatchRow
) -> None:
    assert record_end(engine, submitted, BatchState.ANSWERED, spent_usd=None)
    spending = spending_on(engine, DAY)
    assert (spending.spent_usd, spending.reserved_usd) == (1.0, 0.0)
    assert only_row(engine).spent_usd is None


def test_a_batch_that_the_day_can_not_pay_is_not_begun(engine: Engine) -> None:
    request_batches(engine, dict.fromkeys([1, 2], "a backfill"))
    assert not begin_submission(engine, only_row(engine), submission(1, usd=1.01), day=DAY, limit_usd=1.0)
    assert only_row(engine).state is BatchState.REQUESTED
    assert spending_on(engine, DAY).reserved_usd == 0.0


def test_a_row_is_begun_once_and_money_set_aside_once(engine: Engine) -> None:
    request_batches(engine, dict.fromkeys([1], "a backfill"))
    row = only_row(engine)
    assert begin_submission(engine, row, submission(1), day=DAY, limit_usd=10.0)
    assert not begin_submission(engine, row, submission(1), day=DAY, limit_usd=10.0)
    assert spending_on(engine, DAY).reserved_usd == 1.0


def test_an_end_is_settled_once(engine: Engine, submitted: BatchRow) -> None:
    assert record_end(engine, submitted, BatchState.ANSWERED, spent_usd=0.5)
    assert not record_end(engine, submitted, BatchState.ANSWERED, spent_usd=0.5)
    assert spending_on(engine, DAY).spent_usd == 0.5


def test_steps_come_in_order(engine: Engine, submitted: BatchRow) -> None:
    assert not record_submitted(engine, submitted.id, "batch_2")
    assert not record_told(engine, replace(submitted, state=BatchState.ANSWERED))
    assert (only_row(engine).state, only_row(engine).batch_id) == (BatchState.SUBMITTED, "batch_1")


def test_collecting_can_go_on_where_it_stopped(engine: Engine, submitted: BatchRow) -> None:
    assert record_collected(engine, submitted, videos=1, kept=4, unusable=1)
    row = only_row(engine)
    assert (row.videos_collected, row.answers_kept, row.answers_unusable) == (1, 4, 1)


@pytest.mark.parametrize("end", [BatchState.ANSWERED, BatchState.STOPPING])
def test_a_video_whose_batch_is_at_its_end_can_be_asked_for_again(
    engine: Engine, submitted: BatchRow, end: BatchState
) -> None:
    assert record_end(engine, submitted, end, spent_usd=0.0)
    assert request_batches(engine, dict.fromkeys([1, 2], "another")) == []
    assert record_told(engine, only_row(engine))
    assert open_batches(engine) == []
    assert request_batches(engine, dict.fromkeys([1, 2], "a backfill")) == [1, 2]


def test_a_video_whose_batch_is_abandoned_waits_for_the_end_of_that_one(engine: Engine, submitted: BatchRow) -> None:
    assert record_abandoned(engine, submitted)
    assert not record_abandoned(engine, submitted)
    assert request_batches(engine, dict.fromkeys([1, 2], "another")) == []
    assert record_collected(engine, only_row(engine), videos=2, kept=1, unusable=0)
    assert record_end(engine, only_row(engine), BatchState.CANCELLED, spent_usd=0.25)
    assert open_batches(engine) == []
    assert request_batches(engine, dict.fromkeys([1, 2], "another")) == [1, 2]


def test_a_postponed_row_is_not_due(engine: Engine) -> None:
    request_batches(engine, dict.fromkeys([1], "a backfill"))
    now = datetime.now(UTC).replace(tzinfo=None)
    assert postpone(engine, only_row(engine), now + timedelta(hours=1), "later")
    assert due_batches(engine) == []
    assert only_row(engine).note == "later"
    assert postpone(engine, only_row(engine), now, "now")
    assert len(due_batches(engine)) == 1


def test_the_row_that_waited_longest_comes_first(engine: Engine) -> None:
    request_batches(engine, dict.fromkeys([1], "a backfill"))
    request_batches(engine, dict.fromkeys([2], "a backfill"))
    first, second = due_batches(engine)
    postpone(engine, first, datetime.now(UTC).replace(tzinfo=None), "looked at")
    assert [row.id for row in due_batches(engine)] == [second.id, first.id]


def test_one_process_at_a_time_has_the_turn(engine: Engine) -> None:
    with batches_turn(engine) as first:
        assert first
        with batches_turn(engine) as second:
            assert not second
        assert request_batches(engine, dict.fromkeys([1], "a backfill")) == [1]
    with batches_turn(engine) as third:
        assert third
