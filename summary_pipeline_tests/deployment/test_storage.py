import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, EventLogEntry, instance_for_test
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from summary_pipeline.deployment.storage import (
    MAX_CONNECTIONS,
    POOL_SIZE,
    PooledEventLogStorage,
    PooledPostgresStorage,
    process_engine,
)
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.servers

DATABASE = "dagster_storage"


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres) -> str:
    postgres_server.create_database(DATABASE)
    return postgres_server.url(DATABASE)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The process's engine, without connections before and after the test."""
    engine = process_engine(url)
    engine.dispose()
    yield engine
    engine.dispose()


def connections(server: EmbeddedPostgres, *, waiting_for: str = "%") -> int:
    """How many connections PostgreSQL has to the database, from everybody, or those that wait for a kind of event."""
    with psycopg2.connect(server.url("postgres", "postgresql")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND coalesce(wait_event_type, '') LIKE %s",
            (DATABASE, waiting_for),
        )
        (count,) = cursor.fetchone() or (0,)
    connection.close()
    return int(count)


def use(url: str) -> None:
    """What a Celery task does with an instance, as far as storage is concerned."""
    storage = PooledPostgresStorage(url)
    storage.run_storage.get_runs_count()
    storage.event_log_storage.get_dynamic_partitions("videos")
    storage.schedule_storage.all_instigator_state()


@pytest.mark.usefixtures("engine")
def test_two_hundred_storages_in_one_process_hold_one_connection(url: str, postgres_server: EmbeddedPostgres) -> None:
    for _ in range(200):
        use(url)
    assert connections(postgres_server) == 1


@pytest.mark.usefixtures("engine")
def test_more_threads_than_connections_wait_instead_of_opening_more(
    url: str, postgres_server: EmbeddedPostgres
) -> None:
    most, together = [0], threading.Barrier(25)

    def work() -> None:
        together.wait()
        for _ in range(5):
            use(url)
            most.append(connections(postgres_server))

    threads = [threading.Thread(target=work) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The server still counts connections that the pool has just closed; those are the ones beyond its size.
    assert 1 < max(most) <= MAX_CONNECTIONS + (MAX_CONNECTIONS - POOL_SIZE)
    assert connections(postgres_server) <= POOL_SIZE


def test_a_forked_child_uses_a_connection_of_its_own(engine: Engine) -> None:
    with engine.connect() as connection:
        parents = connection.scalar(text("SELECT pg_backend_pid()"))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of pytest may run in the child, whatever happens.
        try:
            with engine.connect() as connection:
                os.write(writing, str(connection.scalar(text("SELECT pg_backend_pid()"))).encode())
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, 0)
    childs = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    assert childs.isdigit()
    assert childs != str(parents)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == parents


def test_a_connection_that_the_server_closed_is_replaced_unnoticed(url: str, postgres_server: EmbeddedPostgres) -> None:
    storage = PooledPostgresStorage(url)
    storage.run_storage.get_runs_count()
    with psycopg2.connect(postgres_server.url("postgres", "postgresql")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (DATABASE,))
    connection.close()
    assert storage.run_storage.get_runs_count() == 0


def test_the_webservers_statements_are_cut_and_other_processes_are_not(url: str) -> None:
    storage = PooledPostgresStorage(url)
    for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        part.optimize_for_webserver(statement_timeout=50, pool_recycle=3600, max_overflow=20)
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        process_engine(url, statement_timeout_ms=50).connect() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))
    with process_engine(url).connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    process_engine(url, statement_timeout_ms=50).dispose()


@pytest.mark.parametrize("drivername", ["postgresql", "postgresql+psycopg", "sqlite"])
def test_a_url_of_another_driver_is_refused_with_what_to_write_instead(drivername: str) -> None:
    with pytest.raises(ValueError, match=r"DAGSTER_POSTGRES_URL=postgresql\+psycopg2://"):
        PooledPostgresStorage(f"{drivername}://user:password@127.0.0.1:1/dagster")


def test_an_instance_upgrades_and_reads_its_history_through_the_pool(
    url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(
        "storage:\n  custom:\n    module: summary_pipeline.deployment.storage\n    class: PooledPostgresStorage\n"
        f"    config: {{postgres_url: '{url}'}}\n",
        encoding="utf-8",
    )
    with DagsterInstance.from_config(str(home)) as instance:
        instance.upgrade()
        instance.add_dynamic_partitions("videos", ["1"])
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.has_dynamic_partition("videos", "1")


@pytest.fixture
def instance(url: str) -> Iterator[DagsterInstance]:
    storage = {"module": "summary_pipeline.deployment.storage", "class": "PooledPostgresStorage"}
    config = {"storage": {"custom": {**storage, "config": {"postgres_url": url}}}}
    with instance_for_test(overrides=config) as made:
        yield made


def store_materialization(instance: DagsterInstance, partition: str) -> tuple[EventLogEntry, int]:
    """Store what a run does for a partition, and return it with its id."""
    instance.report_runless_asset_event(AssetMaterialization("transcript", partition=partition))
    (record,) = instance.fetch_materializations(AssetKey("transcript"), limit=1).records
    return record.event_log_entry, record.storage_id


def newest_materialization(instance: DagsterInstance) -> int:
    (record,) = instance.get_asset_records([AssetKey("transcript")])
    assert record.asset_entry.last_materialization_record is not None
    return record.asset_entry.last_materialization_record.storage_id


def test_an_assets_newest_materialization_stays_where_another_run_that_was_earlier_is_late(
    instance: DagsterInstance,
) -> None:
    late, late_id = store_materialization(instance, "1")
    _, newest_id = store_materialization(instance, "2")
    assert isinstance(instance.event_log_storage, PooledEventLogStorage)
    instance.event_log_storage.store_asset_event(late, late_id)
    assert newest_materialization(instance) == newest_id


def test_a_materialization_that_is_no_json_to_postgresql_is_followed_by_the_next(instance: DagsterInstance) -> None:
    odd = AssetMaterialization("transcript", partition="1", metadata={"share": float("nan"), "text": "a\0b"})
    instance.report_runless_asset_event(odd)
    _, newest_id = store_materialization(instance, "2")
    assert newest_materialization(instance) == newest_id


def test_a_late_materialization_waits_for_the_one_that_is_being_stored(
    instance: DagsterInstance, postgres_server: EmbeddedPostgres
) -> None:
    event, stored_id = store_materialization(instance, "1")
    late_id, newest_id = stored_id + 1, stored_id + 2
    storage = instance.event_log_storage
    assert isinstance(storage, PooledEventLogStorage)
    with ThreadPoolExecutor(1) as another_run:
        with storage.index_transaction() as connection:
            storage._store_asset_event(connection, event, newest_id)
            late = another_run.submit(storage.store_asset_event, event, late_id)
            eventually(lambda: connections(postgres_server, waiting_for="Lock"), "it waits", until=bool)
        late.result(timeout=30)
    assert newest_materialization(instance) == newest_id


def test_an_asset_that_was_wiped_has_the_materialization_that_follows(instance: DagsterInstance) -> None:
    store_materialization(instance, "1")
    instance.wipe_assets([AssetKey("transcript")])
    _, newest_id = store_materialization(instance, "1")
    assert newest_materialization(instance) == newest_id
