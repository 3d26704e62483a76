"""What ``summary-pipeline resummarize`` accepts, prints and asks. There is a database, and nobody at Dagster's port."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from summary_pipeline.cli import app
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.resources.connections import open_database
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.database.rows import add_video

pytestmark = pytest.mark.servers

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def engine(postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The tables of the database that the environment names."""
    name = f"resummarize_{uuid.uuid4().hex}"
    postgres_server.create_database(name)
    environment = {
        **postgres_server.environment(name),
        "KAFKA_BROKERS": "127.0.0.1:1",
        "OPENAI_API_KEY": "unused",
        "AWS_YOUTUBE_BUCKET": "unused",
        "SUMMARY_DAGSTER_URL": NOBODY,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    platform = load_settings().platform
    opened = open_database(platform).engine
    create_missing_shared_tables(opened, platform.db_schema)
    migrate_own_tables(opened, platform.db_schema)
    yield opened
    opened.dispose()


def run(*arguments: str, answer: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["resummarize", *arguments], input=answer)
    return result.exit_code, result.output


def test_a_dry_run_prints_the_selection(engine: Engine) -> None:
    for video_id in (1, 2, 3, 7):
        add_video(engine, video_id)
    code, output = run("--videos", "1-500,7", "--dry-run")
    assert (code, output) == (0, "4 video(s), with ids 1-500,7: 1-3,7\n")


def test_where_nothing_is_selected_dagster_is_not_needed(engine: Engine) -> None:
    add_video(engine, 1, status="transcribing")
    code, output = run("--videos", "1")
    assert (code, output) == (0, "0 video(s), with ids 1: none that has been transcribed\n")


def test_filters_are_told_as_they_were_understood(engine: Engine) -> None:
    add_video(engine, 1)
    code, output = run(
        *("--model-was", "m", "--score-below", "0.6", "--since", "2027-01-31", "--failed", "--dry-run"),
    )
    told = "summarized by m, with a score below 0.6, that failed, since 2027-01-31T00:00:00+00:00"
    assert (code, output) == (0, f"0 video(s), {told}: none that has been transcribed\n")


@pytest.mark.parametrize(("answer", "expected_code"), [("n\n", 1), ("", 1), ("y\n", 2)])
def test_many_videos_are_only_summarized_again_if_a_person_says_yes(
    engine: Engine, answer: str, expected_code: int
) -> None:
    for video_id in range(1, 22):
        add_video(engine, video_id)
    code, output = run("--videos", "1-21", answer=answer)
    assert code == expected_code
    assert "Summarize them again?" in output
    assert ("did not answer as one" in output) == (answer == "y\n")


@pytest.mark.parametrize(("videos", "more"), [("1-21", ("--yes",)), ("1-20", ())])
def test_nobody_is_asked_about_a_few_or_where_the_answer_is_given(
    engine: Engine, videos: str, more: tuple[str, ...]
) -> None:
    for video_id in range(1, 22):
        add_video(engine, video_id)
    code, output = run("--videos", videos, *more)
    assert code == 2
    assert "Summarize them again?" not in output


def test_a_webserver_that_is_not_there_is_named_with_what_to_do(engine: Engine) -> None:
    add_video(engine, 1)
    for arguments, url in (((), NOBODY), (("--dagster-url", "nonsense"), "nonsense")):
        code, output = run("--videos", "1", *arguments)
        assert code == 2
        assert f"Dagster's webserver at {url}" in output
        assert "--dagster-url or SUMMARY_DAGSTER_URL" in output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "nothing says which videos"),
        (("--videos", ""), "neither a video id"),
        (("--videos", "5-1"), "runs backwards"),
        (("--score-below", "7"), "scores are from 0 to 1"),
        (("--since", "yesterday"), "does not match"),
        (("--dry-run",), "nothing says which videos"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_looked_up(arguments: tuple[str, ...], problem: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert problem in " ".join(output.replace("│", " ").split())
