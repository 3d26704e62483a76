"""What a provider announces of its models, asked of a real server."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from summary_pipeline.local.openai_server.configuration import ServerConfig
from summary_pipeline.local.openai_server.serving import running_server
from summary_pipeline.resources.model_announcements import require_announced_usable
from summary_pipeline.settings import Settings, load_settings
from summary_pipeline.summarization.errors import ModelEndedError

pytestmark = pytest.mark.servers

TODAY = dt.datetime.now(dt.UTC).date()
COMPLETE = {
    "DB_HOST": "127.0.0.1",
    "PG_USER": "summary",
    "PG_PASSWORD": "change-me",
    "DB_NAME": "videos",
    "KAFKA_BROKERS": "127.0.0.1:9092",
    "AWS_YOUTUBE_BUCKET": "videos",
    "OPENAI_API_KEY": "any",
}


def settings(base_url: str, model: str = "gpt-6-luna") -> Settings:
    return load_settings({**COMPLETE, "OPENAI_BASE_URL": base_url, "SUMMARY_MODEL": model})


@contextmanager
def provider(**configuration: object) -> Iterator[str]:
    with running_server(ServerConfig.model_validate(configuration)) as server:
        yield server.base_url


def test_a_model_that_its_provider_will_soon_shut_down_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    end = TODAY + dt.timedelta(days=40)
    with provider(shutdown_date=end) as base_url:
        require_announced_usable(settings(base_url))
    assert f"Model 'gpt-6-luna' will be shut down on {end}, in " in caplog.text


def test_a_model_that_its_provider_has_shut_down_is_an_error_whatever_the_registry_says() -> None:
    with provider(shutdown_date=TODAY) as base_url, pytest.raises(ModelEndedError, match="Set SUMMARY_MODEL"):
        require_announced_usable(settings(base_url))


def test_a_provider_that_moves_the_end_is_believed() -> None:
    with provider(shutdown_date=TODAY + dt.timedelta(days=400)) as base_url:
        require_announced_usable(settings(base_url, "gpt-3.5-turbo"))


def test_where_the_provider_announces_nothing_the_registry_counts(caplog: pytest.LogCaptureFixture) -> None:
    with provider() as base_url:
        require_announced_usable(settings(base_url))
        assert caplog.text == ""
        with pytest.raises(ModelEndedError):
            require_announced_usable(settings(base_url, "gpt-3.5-turbo"))


def test_a_model_that_the_provider_does_not_know_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with provider(known_models=["another"]) as base_url:
        require_announced_usable(settings(base_url))
    assert "could not be asked until when model 'gpt-6-luna' is there" in caplog.text
    assert "does not exist" in caplog.text


def test_a_provider_that_does_not_answer_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    require_announced_usable(settings("http://127.0.0.1:9/v1"))
    assert "could not be asked" in caplog.text
