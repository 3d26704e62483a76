import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from summary_pipeline.database.engine import DatabaseAddress, Timeouts, create_database_engine, dump_json, ping
from summary_pipeline.database.errors import (
    PermanentDatabaseError,
    TransientDatabaseError,
    is_transient,
    typed_errors,
)
from summary_pipeline.local.ports import free_port

ADDRESS = DatabaseAddress("127.0.0.1", 5432, "db", "someone", "p@ss/w:rd%")


def test_a_password_may_hold_any_character_and_is_not_shown() -> None:
    url = ADDRESS.url()
    assert (url.password, url.drivername) == ("p@ss/w:rd%", "postgresql+psycopg2")
    assert "p@ss" not in f"{ADDRESS!r} {url} {create_database_engine(ADDRESS, schema='public')!r}"


def test_a_bare_url_gets_the_driver_that_is_installed() -> None:
    engine = create_database_engine("postgresql://someone@127.0.0.1/db", schema="public")
    assert engine.url.drivername == "postgresql+psycopg2"


def test_making_an_engine_connects_to_nothing() -> None:
    create_database_engine(DatabaseAddress("host.invalid", 1, "db", "someone", ""), schema="public")


def test_json_has_no_nan() -> None:
    assert dump_json({"a": ["ü", 1]}) == '{"a":["ü",1]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json(float("nan"))


@pytest.mark.servers
def test_an_unreachable_server_is_a_transient_error_without_the_password() -> None:
    address = DatabaseAddress("127.0.0.1", free_port(), "db", "someone", "topsecret")
    with pytest.raises(TransientDatabaseError, match="Connection refused") as caught:
        ping(create_database_engine(address, schema="public"))
    assert "topsecret" not in str(caught.value)


@pytest.mark.servers
def test_a_server_that_is_there_answers(empty_engine: Engine) -> None:
    assert 0 < ping(empty_engine) < 5


@pytest.mark.servers
def test_a_statement_that_takes_too_long_is_ended(database_url: str) -> None:
    engine = create_database_engine(database_url, schema="public", timeouts=Timeouts(statement=0.1))
    with (
        pytest.raises(TransientDatabaseError, match="statement timeout"),
        typed_errors("sleeping"),
        engine.connect() as connection,
    ):
        connection.execute(select(func.pg_sleep(30)))
    engine.dispose()


@pytest.mark.servers
def test_waiting_for_a_connection_of_the_pool_is_bounded(database_url: str) -> None:
    engine = create_database_engine(database_url, schema="public", pool_size=1, timeouts=Timeouts(pool=0.05))
    with engine.connect(), engine.connect(), pytest.raises(TransientDatabaseError, match="QueuePool limit"):
        ping(engine)
    engine.dispose()


@pytest.mark.servers
def test_settings_last_as_long_as_the_transaction(empty_engine: Engine) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    inside = select(*(func.current_setting(name) for name in names))
    with empty_engine.connect() as connection:
        assert tuple(connection.execute(inside).one()) == ("30s", "10s", "1min", "UTC")
        connection.rollback()
        cursor = connection.connection.cursor()
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.servers
def test_a_connection_that_died_in_the_pool_is_replaced(empty_engine: Engine, database_url: str) -> None:
    killer = create_database_engine(database_url, schema="public")
    with empty_engine.connect() as connection:
        backend = connection.execute(select(func.pg_backend_pid())).scalar_one()
    with killer.connect() as connection:
        assert connection.execute(select(func.pg_terminate_backend(backend, 10_000))).scalar_one()
    assert ping(empty_engine) > 0
    killer.dispose()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("statement", "transient"),
    [
        ("SELECT 1 FROM no_such_table", False),
        ("SELECT 1/0", False),
        ("SELECT 'x'::integer", False),
        ("DO $$ BEGIN RAISE serialization_failure; END $$", True),
        ("DO $$ BEGIN RAISE deadlock_detected; END $$", True),
        ("DO $$ BEGIN RAISE too_many_connections; END $$", True),
        ("DO $$ BEGIN RAISE admin_shutdown; END $$", True),
        ("DO $$ BEGIN RAISE insufficient_privilege; END $$", False),
        ("DO $$ BEGIN RAISE read_only_sql_transaction; END $$", True),
    ],
)
def test_postgresqls_errors_are_sorted(empty_engine: Engine, statement: str, *, transient: bool) -> None:
    with pytest.raises(DBAPIError) as caught, empty_engine.connect() as connection:
        connection.execute(text(statement))
    assert is_transient(caught.value) is transient


@pytest.mark.servers
def test_an_error_does_not_repeat_statement_and_parameters(empty_engine: Engine) -> None:
    with pytest.raises(PermanentDatabaseError) as caught, typed_errors("looking"), empty_engine.connect() as connection:
        connection.execute(text("SELECT CAST(:a AS text), 1 / 0"), {"a": "a private text"})
    assert str(caught.value) == "PostgreSQL failed while looking: division by zero"


@pytest.mark.servers
@pytest.mark.parametrize("statement", ["SELECT 1 FROM no_such_table", "SELECT no_such_column FROM pg_class"])
def test_an_error_about_a_missing_table_or_column_says_what_to_run(empty_engine: Engine, statement: str) -> None:
    with pytest.raises(PermanentDatabaseError) as caught, typed_errors("looking"), empty_engine.connect() as connection:
        connection.execute(text(statement))
    assert " does not exist. `summary-pipeline db check` names " in str(caught.value)
    assert "`summary-pipeline db create`" in str(caught.value)
