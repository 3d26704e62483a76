"""What batches cost: half, set aside before, and counted once."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from summary_pipeline.database import batches as statements
from summary_pipeline.database.batches import BatchRow, BatchState
from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline.database.spending import spending_on
from summary_pipeline.report.operations import usage_lines
from summary_pipeline.report.queries import gather
from summary_pipeline.report.window import Period, Window
from summary_pipeline.resources.openai_batches import BatchResult, OpenAIBatches, SubmittedBatch
from summary_pipeline.summarization.language_model import Completion
from summary_pipeline_tests.defs.batches import SHORT, Batches

pytestmark = pytest.mark.servers


def test_a_batch_costs_half_and_counts_on_the_day(priced: Batches) -> None:
    begun, day = _set_aside(priced)
    assert spending_on(priced.platform.engine, day).reserved_usd == pytest.approx(begun.reserved_usd)
    assert begun.reserved_usd > 0
    priced.tick_until_settled()
    spending = spending_on(priced.platform.engine, day)
    assert spending.reserved_usd == pytest.approx(0.0)
    (batch,) = priced.submitted()
    assert batch.usage is not None
    assert spending.spent_usd == pytest.approx(batch.usage.total_tokens * 0.001 / 2)
    stored = priced.summarize(1)["stored_usage"]
    assert stored["cost_usd"] == pytest.approx(spending.spent_usd)


def test_an_answer_without_token_counts_costs_what_its_request_costs_at_most(priced: Batches) -> None:
    begun, day = _set_aside(priced)
    priced.wait_for_provider()
    with priced.monkeypatch.context() as uncounted:
        counted = _without_one_count(uncounted)
        priced.tick()
    (ended,) = priced.rows()
    spending = spending_on(priced.platform.engine, day)
    assert spending.reserved_usd == pytest.approx(0.0)
    assert ended.spent_usd == pytest.approx(spending.spent_usd)
    others = sum(completion.input_tokens + completion.output_tokens for completion in counted) * 0.001 / 2
    assert others + begun.reserved_usd / begun.requests / 2 < spending.spent_usd < begun.reserved_usd


def test_an_answer_without_token_counts_to_another_prompt_costs_all_that_was_set_aside(priced: Batches) -> None:
    begun, day = _set_aside(priced)
    priced.wait_for_provider()
    priced.monkeypatch.setenv("SUMMARY_MAP_OUTPUT_TOKENS", "150")
    with priced.monkeypatch.context() as uncounted:
        _without_one_count(uncounted)
        priced.tick()
    spending = spending_on(priced.platform.engine, day)
    assert (spending.spent_usd, spending.reserved_usd) == pytest.approx((begun.reserved_usd, 0.0))


def test_a_batch_whose_row_was_moved_while_it_was_collected_is_left_alone(priced: Batches) -> None:
    _, day = _set_aside(priced)
    priced.wait_for_provider()
    end = statements.record_end

    def cancel_and_end(engine: Engine, row: BatchRow, *given: Any, **named: Any) -> bool:  # noqa: ANN401 - passed on
        with Session(engine) as session:
            session.execute(update(AnswerBatch).values(state=BatchState.CANCELLED))
            session.commit()
        return end(engine, row, *given, **named)

    priced.monkeypatch.setattr(statements, "record_end", cancel_and_end)
    assert "it was moved by somebody else meanwhile" in priced.tick()
    (row,) = priced.rows()
    assert (row.state, row.spent_usd, priced.backfills.startable()) == (BatchState.CANCELLED, None, set())
    assert spending_on(priced.platform.engine, day).spent_usd == 0


def test_what_a_batch_cost_is_in_the_report_of_the_day_with_the_runs_after_it(priced: Batches) -> None:
    video = priced.add_video(1)
    priced.request(video)
    priced.tick_until_settled()
    provenance = priced.summarize(video)
    assert provenance["usage"]["calls"] == 1  # the last one
    (batch,) = priced.submitted()
    assert batch.usage is not None
    today = Window(Period.DAILY, datetime.now(UTC).date(), "UTC")
    (line,) = usage_lines((found := gather(priced.platform.engine, today)).summaries, found.batches)
    assert (line.model, line.prompt_version) == ("extractive-offline", provenance["prompt_version"])
    assert (line.summaries, line.batch_calls, line.calls) == (1, provenance["chunk_count"], priced.calls_by_batch + 1)
    assert line.batch_cost_usd == pytest.approx(batch.usage.total_tokens * 0.001 / 2)
    assert line.cost_usd == pytest.approx(line.batch_cost_usd + provenance["usage"]["cost_usd"])
    assert (line.unpriced, line.saved_usd) == (0, 0)


def test_a_batch_that_the_day_can_not_pay_waits(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "2")
    videos = [priced.add_video(number, f"{SHORT} Lamp {number}.") for number in range(1, 12)]
    priced.request(*videos)
    priced.tick()
    begun, rest = priced.rows()
    assert 0 < len(begun.video_ids) < len(videos)
    assert begun.reserved_usd <= 2
    assert "SUMMARY_MAX_COST_PER_DAY_USD" in priced.tick()
    assert priced.rows()[1].id == rest.id
    assert len(priced.submitted()) == 1


def test_a_video_dearer_than_its_limit_is_left_to_its_run(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_VIDEO_USD", "0.01")
    priced.request(priced.add_video(1))
    priced.tick_until_settled()
    assert priced.submitted() == []
    assert priced.backfills.startable() == {1}


def test_what_was_paid_for_another_prompt_is_counted_but_not_kept(priced: Batches) -> None:
    _, day = _set_aside(priced)
    priced.monkeypatch.setenv("SUMMARY_MAP_OUTPUT_TOKENS", "150")
    priced.wait_for_provider()
    priced.tick_until_settled()
    (row,) = priced.rows()
    assert (row.answers_kept, row.state) == (0, "settled")
    assert spending_on(priced.platform.engine, day).spent_usd > 0


def _set_aside(priced: Batches) -> tuple[BatchRow, date]:
    """Submit a batch about video 1 under a limit that allows it; return its row, and the day that pays for it."""
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    priced.request(priced.add_video(1))
    priced.tick()
    begun = priced.row()
    assert begun.reserved_on is not None
    return begun, begun.reserved_on


def _without_one_count(patch: pytest.MonkeyPatch) -> list[Completion]:
    """Take the token counts off the first answer that is fetched; the list comes to hold the other ones."""
    fetch = OpenAIBatches.results
    counted: list[Completion] = []

    async def results(self: OpenAIBatches, batch: SubmittedBatch) -> dict[str, BatchResult]:
        (first, *others), found = sorted(fetched := await fetch(self, batch)), dict(fetched)
        completion = found[first].completion
        assert completion is not None
        found[first] = BatchResult(replace(completion, input_tokens=0, output_tokens=0))
        counted.extend(answer for key in others if (answer := found[key].completion) is not None)
        return found

    patch.setattr(OpenAIBatches, "results", results)
    return counted
