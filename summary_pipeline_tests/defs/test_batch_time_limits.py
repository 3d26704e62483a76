"""A provider that takes requests and does not answer: ticks end in time, and no batch is lost or made twice."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from openai.resources.batches import AsyncBatches
from openai.resources.files import AsyncFiles

from summary_pipeline.database.batches import BatchState
from summary_pipeline.database.locks import batches_turn
from summary_pipeline.defs import batch_sensor
from summary_pipeline.resources import answer_batches
from summary_pipeline.resources.batch_filling import VideoCalls
from summary_pipeline.summarization.language_model import TransientModelError
from summary_pipeline_tests.defs.batches import SHORT, Batches
from summary_pipeline_tests.defs.platform import TALK

pytestmark = pytest.mark.servers

NO_ANSWER = r"The provider did not answer within \d s\.\nMet at batch 1,"
CUT_AT_SECONDS = 60
"""When Dagster cuts a tick."""


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


@pytest.fixture
def impatient(batches: Batches) -> Batches:
    """A sensor whose ticks wait three seconds for the provider."""
    batches.monkeypatch.setattr(batch_sensor, "TURN_SECONDS", 2.5)
    batches.monkeypatch.setattr(answer_batches, "ANSWER_SECONDS", 0.5)
    return batches


def test_a_tick_has_time_for_all_that_it_does() -> None:
    seconds = batch_sensor.TURN_SECONDS + answer_batches.ANSWER_SECONDS + batch_sensor.TELLING_SECONDS
    assert seconds <= CUT_AT_SECONDS - 10


@pytest.mark.parametrize("client_seconds", ["120", "1"], ids=["by the tick", "by the client"])
def test_a_provider_that_does_not_answer_is_given_up_in_time_and_asked_again(
    impatient: Batches, silent_url: str, client_seconds: str
) -> None:
    impatient.request(impatient.add_video(1))
    with impatient.monkeypatch.context() as silent:
        silent.setenv("OPENAI_BASE_URL", silent_url)
        silent.setenv("SUMMARY_REQUEST_TIMEOUT_SECONDS", client_seconds)
        with pytest.raises(TransientModelError, match=NO_ANSWER):
            impatient.tick()
    assert "did not answer within" in (impatient.row().note or "")
    impatient.let_time_pass()
    impatient.tick_until_settled()
    assert len(impatient.submitted()) == 1
    assert impatient.backfills.startable() == {1}


def test_a_batch_whose_creation_was_cut_off_is_looked_for_later_and_found(impatient: Batches) -> None:
    impatient.request(impatient.add_video(1))
    with impatient.monkeypatch.context() as cut_off:
        cut_off.setattr(AsyncBatches, "create", _answering_too_late(AsyncBatches.create))
        with pytest.raises(TransientModelError, match=NO_ANSWER):
            impatient.tick()
    (created,) = impatient.submitted()
    assert impatient.tick() == "No batch needs anything."  # the provider may not list it yet
    impatient.let_time_pass()
    assert created.id in impatient.tick()
    impatient.tick_until_settled()
    assert [batch.id for batch in impatient.submitted()] == [created.id]
    assert impatient.backfills.startable() == {1}


@pytest.mark.usefixtures("priced")
def test_a_batch_whose_upload_was_cut_off_is_sent_again_with_money_set_aside_once(impatient: Batches) -> None:
    impatient.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    impatient.request(impatient.add_video(1), impatient.add_video(2, SHORT), impatient.add_video(3, TALK))
    with impatient.monkeypatch.context() as cut_off:
        cut_off.setattr(AsyncFiles, "create", _answering_too_late(AsyncFiles.create))
        with pytest.raises(TransientModelError, match=NO_ANSWER):
            impatient.tick()
    reserved = impatient.row().reserved_usd
    impatient.let_time_pass()
    assert "were submitted as" in impatient.tick()
    assert (impatient.row().reserved_usd, impatient.row().submissions) == pytest.approx((reserved, 1))
    assert impatient.reserved_today() == pytest.approx(reserved)
    impatient.tick_until_settled()
    assert impatient.reserved_today() == pytest.approx(0)
    assert len(impatient.submitted()) == 1
    assert impatient.backfills.startable() == {1, 2, 3}


def test_what_could_not_be_sent_in_one_turn_is_sent_in_parts(impatient: Batches) -> None:
    impatient.monkeypatch.setattr(batch_sensor, "TURN_SECONDS", 1.5)
    impatient.monkeypatch.setattr(VideoCalls, "missing", _taking(1.0, VideoCalls.missing))
    impatient.request(impatient.add_video(1, SHORT), impatient.add_video(2, TALK))
    with impatient.monkeypatch.context() as cut_off:
        cut_off.setattr(AsyncFiles, "create", _answering_too_late(AsyncFiles.create))
        with pytest.raises(TransientModelError):
            impatient.tick()
    impatient.let_time_pass()
    impatient.monkeypatch.setattr(answer_batches, "ANSWER_SECONDS", 20.0)
    assert "about 1 videos were submitted" in impatient.tick()
    assert [row.video_ids for row in impatient.rows()] == [[1], [2]]


def test_a_tick_that_has_not_the_turn_says_so(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    with batches_turn(batches.platform.engine):
        assert batches.tick() == "Another tick is still at work on the batches."
    assert batches.states() == []
    batches.tick()
    assert batches.row().state is BatchState.SUBMITTED


def _answering_too_late(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def late(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        await method(*arguments, **named)
        await asyncio.Event().wait()

    return late


def _taking(seconds: float, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def slow(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
        await asyncio.sleep(seconds)
        return await method(*arguments)

    return slow
