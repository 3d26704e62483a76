"""``summary-pipeline db`` for whoever sets up the database first, and what other commands say before that."""

import pytest
from sqlalchemy import Engine

from summary_pipeline.resources.connections import open_database
from summary_pipeline.settings import DatabaseSettings, load_group, load_settings
from summary_pipeline_tests.commands.conftest import Run

pytestmark = pytest.mark.servers


@pytest.fixture
def database_settings_alone(empty_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert empty_engine
    for name in ("KAFKA_BROKERS", "AWS_YOUTUBE_BUCKET", "OPENAI_API_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("database_settings_alone")
def test_the_tables_are_created_and_checked_with_the_settings_of_the_database_alone(run: Run) -> None:
    before = run("db", "check")
    assert before.exit_code == 1
    assert "difference(s) from the contract." in before.stderr
    assert run("db", "create").stdout.endswith("Our own tables are up to date.\n")
    assert run("db", "check").stdout == "The shared tables are as the contract says.\n"
    assert run("dlq", "list").stdout == "0 dead letter(s).\n"


@pytest.mark.usefixtures("database_settings_alone")
def test_a_missing_setting_of_the_database_is_named_and_no_other_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_USER")
    problem = str(run("db", "create").exception)
    assert problem.startswith("1 setting(s) to mend")
    assert "PG_USER is missing" in problem


def test_the_database_is_opened_once_whichever_settings_name_it(empty_engine: Engine) -> None:
    assert open_database(load_group(DatabaseSettings)).engine is empty_engine
    assert open_database(load_settings().platform).engine is empty_engine


@pytest.mark.parametrize(
    "command",
    [
        ("dlq", "list"),
        ("dlq", "show", "1"),
        ("outbox", "parked"),
        ("batches",),
        ("resummarize", "--failed"),
        ("compare", "--model-a", "a", "--model-b", "b"),
    ],
    ids=" ".join,
)
def test_a_command_that_misses_its_table_says_what_creates_it(
    empty_engine: Engine, run: Run, command: tuple[str, ...]
) -> None:
    assert empty_engine
    problem = str(run(*command).exception)
    assert " does not exist. " in problem
    assert "`summary-pipeline db create`" in problem
