"""How often each layer tries while a dependency stays in trouble: the table "Who retries what" in docs/runbook.md."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
import yaml

from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.connections import S3_ATTEMPTS
from summary_pipeline.summarization.retries import RetryPolicy
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers

REPOSITORY = Path(__file__).parents[2]
ASSET_ATTEMPTS = 3
"""``SUMMARY_RETRY_ATTEMPTS`` where nobody sets it."""


@pytest.fixture
def deployed(platform: Platform) -> Iterator[Platform]:
    """The platform with an instance that retries runs as the deployment does."""
    configuration = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    with dg.DagsterInstance.ephemeral(settings={"run_retries": configuration["run_retries"]}) as instance:
        yield replace(platform, instance=instance)


class Model:
    """The switches and counts of the offline model server."""

    def __init__(self, server: OfflineOpenAI) -> None:
        self._url = f"http://{server.address}/_control"

    def fail(self, **fault: object) -> None:
        """Let every call fail, and count from here."""
        httpx.post(f"{self._url}/behaviour", json={"faults": [fault]}).raise_for_status()
        httpx.delete(f"{self._url}/stats").raise_for_status()

    def recover(self) -> None:
        httpx.delete(f"{self._url}/behaviour").raise_for_status()

    @property
    def calls(self) -> int:
        counts: dict[str, Any] = httpx.get(f"{self._url}/stats").json()
        calls: int = counts["calls"]
        return calls


@pytest.fixture
def model(openai_server: OfflineOpenAI) -> Iterator[Model]:
    switches = Model(openai_server)
    yield switches
    switches.recover()


@contextmanager
def s3_in_trouble() -> Iterator[tuple[str, list[str]]]:
    """Run an S3 server that answers 503 to everything; yield its address and the requests that it has seen."""
    seen: list[str] = []

    class Unavailable(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(503)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Unavailable) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()


def attempts_at(asset: str, result: dg.ExecuteInProcessResult) -> int:
    """Return how often a run attempted an asset. The first attempt is no restart."""
    events = [event for event in result.all_events if event.step_key == asset]
    return sum(event.is_step_start or event.is_step_restarted for event in events)


def require_no_other_run(platform: Platform, result: dg.ExecuteInProcessResult) -> None:
    run = platform.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/will_retry"] == "false"


def test_while_s3_is_down_an_asset_is_attempted_three_times_and_no_other_run_follows(
    deployed: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = deployed.add_video(7, snippets())
    with s3_in_trouble() as (address, requests):
        monkeypatch.setenv("AWS_S3_ENDPOINT", address)
        result = deployed.summarize(7, origin)
    assert attempts_at("transcript", result) == ASSET_ATTEMPTS
    assert len(requests) == ASSET_ATTEMPTS * S3_ATTEMPTS
    require_no_other_run(deployed, result)


def test_while_s3_cannot_give_an_intermediate_the_asset_is_attempted_three_times_and_told_clearly(
    deployed: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.summarize(7, deployed.add_video(7, snippets()))
    with s3_in_trouble() as (address, requests):
        monkeypatch.setenv("AWS_S3_ENDPOINT", address)
        result = deployed.defs.resolve_job_def("summarize_video").execute_in_process(
            instance=deployed.instance,
            partition_key="7",
            asset_selection=[dg.AssetKey("chunks")],
            raise_on_error=False,
        )
    assert attempts_at("chunks", result) == ASSET_ATTEMPTS
    assert len(requests) == ASSET_ATTEMPTS * S3_ATTEMPTS
    require_no_other_run(deployed, result)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert told.description is not None
    assert told.description.startswith(f"s3://{deployed.objects.bucket}/pipeline/assets/transcript/7.json could not be")


def test_while_postgresql_is_down_an_asset_is_attempted_three_times_and_no_other_run_follows(
    deployed: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = deployed.add_video(7, snippets())
    monkeypatch.setenv("DB_PORT", str(free_port()))
    result = deployed.summarize(7, origin)
    assert attempts_at("transcript", result) == ASSET_ATTEMPTS
    require_no_other_run(deployed, result)


def test_while_the_model_fails_for_passing_reasons_calls_are_attempts_times_calls_an_attempt(
    deployed: Platform, model: Model
) -> None:
    origin = deployed.add_video(7, snippets())
    # The pause that the server asks for is the one that is made.
    model.fail(kind="error", status=503, retry_after_seconds=0.01)
    result = deployed.summarize(7, origin)
    assert model.calls == ASSET_ATTEMPTS * RetryPolicy().max_attempts
    assert attempts_at("final_summary", result) == ASSET_ATTEMPTS
    assert attempts_at("chunk_summaries", result) == 1
    require_no_other_run(deployed, result)


def test_what_the_model_refuses_for_good_is_asked_once(deployed: Platform, model: Model) -> None:
    origin = deployed.add_video(7, snippets())
    model.fail(kind="error", status=401)
    result = deployed.summarize(7, origin)
    assert model.calls == 1
    assert attempts_at("final_summary", result) == 1
    require_no_other_run(deployed, result)


def test_a_refused_answer_is_asked_for_once_more_in_other_words_and_not_by_another_attempt(
    deployed: Platform, model: Model
) -> None:
    origin = deployed.add_video(7, snippets())
    model.fail(kind="refusal")
    result = deployed.summarize(7, origin)
    assert model.calls == 2
    assert attempts_at("final_summary", result) == 1
    require_no_other_run(deployed, result)


@pytest.mark.parametrize("transcript", [pytest.param(None, id="missing"), pytest.param(b"{", id="unreadable")])
def test_a_transcript_that_no_attempt_can_read_is_read_once(deployed: Platform, transcript: bytes | None) -> None:
    result = deployed.summarize(7, deployed.add_video(7, transcript))
    assert attempts_at("transcript", result) == 1
    require_no_other_run(deployed, result)


def test_a_transcript_that_cannot_be_made_a_summary_stays_one_attempt_where_the_ui_asks_for_run_retries(
    deployed: Platform,
) -> None:
    origin = deployed.add_video(7, None)
    result = deployed.summarize(7, origin, {"dagster/max_retries": "5"})
    require_no_other_run(deployed, result)
