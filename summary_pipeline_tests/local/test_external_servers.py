"""Servers of one's own beside the embedded ones: what is missing or away is told before anything starts."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from summary_pipeline.health import checks
from summary_pipeline.local import external_servers
from summary_pipeline.local.errors import ServersAwayError
from summary_pipeline.local.external_servers import require_external_servers
from summary_pipeline.local.plan import ALL_PARTS, make_plan
from summary_pipeline.local.ports import LOOPBACK, free_port
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.settings import SettingsError


@pytest.fixture(autouse=True)
def _brief_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "KAFKA_SECONDS", 0.5)


def database_at(port: int) -> dict[str, str]:
    return {
        "DB_HOST": LOOPBACK,
        "DB_PORT": str(port),
        "PG_USER": "us",
        "PG_PASSWORD": "secret",
        "DB_NAME": "theirs",
    }


def storage_at(port: int) -> dict[str, str]:
    return {
        "AWS_S3_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "AWS_YOUTUBE_BUCKET": "theirs",
        "AWS_ACCESS_KEY_ID": "us",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


def require(environment: dict[str, str]) -> None:
    require_external_servers(make_plan(ALL_PARTS, environment), environment)


@pytest.mark.parametrize(
    ("named", "environment", "unset"),
    [
        ("postgresql, named by DB_HOST=127.0.0.1", database_at, "leave DB_HOST unset"),
        ("s3, named by AWS_S3_ENDPOINT=", storage_at, "leave AWS_S3_ENDPOINT, USE_LOCALSTACK"),
        ("kafka, named by KAFKA_BROKERS=", lambda port: {"KAFKA_BROKERS": f"{LOOPBACK}:{port}"}, "KAFKA_BROKERS unset"),
        (
            "openai, named by OPENAI_BASE_URL=",
            lambda port: {"OPENAI_BASE_URL": f"http://{LOOPBACK}:{port}/v1", "OPENAI_API_KEY": "secret"},
            "leave OPENAI_BASE_URL",
        ),
        (
            "redis, named by REDIS_HOST=127.0.0.1",
            lambda port: {"REDIS_HOST": LOOPBACK, "REDIS_PORT": str(port)},
            "leave REDIS_HOST unset",
        ),
    ],
)
def test_a_server_that_is_away_is_named_with_what_to_do(
    named: str, environment: Callable[[int], dict[str, str]], unset: str
) -> None:
    port = free_port()
    with pytest.raises(ServersAwayError) as error:
        require(environment(port))
    message = str(error.value)
    assert "1 server(s)" in message
    assert named in message
    assert str(port) in message
    assert unset in message
    assert "secret" not in message


def test_all_that_are_away_are_named_at_once() -> None:
    port = free_port()
    with pytest.raises(ServersAwayError, match=r"2 server\(s\)(?s:.*)kafka,(?s:.*)redis,"):
        require({"KAFKA_BROKERS": f"{LOOPBACK}:{port}", "REDIS_HOST": LOOPBACK, "REDIS_PORT": str(port)})


def test_a_server_that_hangs_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_servers, "ANSWER_SECONDS", 0.5)
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ServersAwayError, match=r"s3, .*: no answer within 0\.5 s"):
            require(storage_at(port))


@pytest.mark.servers
def test_servers_that_answer_are_used(postgres_server: EmbeddedPostgres, s3_server: EmbeddedS3) -> None:
    postgres_server.create_database("answers")
    require({**postgres_server.environment("answers"), **s3_server.environment()})


def test_nothing_is_asked_where_nothing_is_named() -> None:
    require({})


def test_what_the_settings_lack_is_told_with_one_message_and_nothing_starts(tmp_path: Path) -> None:
    environment = {"DB_HOST": LOOPBACK, "AWS_S3_ENDPOINT": f"http://{LOOPBACK}:1", "KAFKA_BROKERS": "nonsense"}
    stack = LocalStack(tmp_path, environment)
    with pytest.raises(SettingsError) as error:
        stack.start()
    message = str(error.value)
    for name in ("PG_USER", "PG_PASSWORD", "DB_NAME", "AWS_YOUTUBE_BUCKET"):
        assert f"{name} is missing" in message
    assert "KAFKA_BROKERS is malformed: Value error, 'nonsense' is not host:port" in message
    assert "OPENAI_API_KEY" not in message
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_server_that_is_away_is_told_before_anything_starts(tmp_path: Path) -> None:
    stack = LocalStack(tmp_path, {"REDIS_HOST": LOOPBACK, "REDIS_PORT": str(free_port())})
    with pytest.raises(ServersAwayError):
        stack.start()
    assert list((tmp_path / "logs").iterdir()) == []
