from collections.abc import Iterator

import pytest
from celery import Celery, states
from dagster import DagsterInstance
from dagster_celery.launcher import CeleryRunLauncher
from sqlalchemy import Engine, text

from summary_pipeline.deployment.housekeeping import delete_leftovers
from summary_pipeline.deployment.storage import process_engine

pytestmark = pytest.mark.servers


@pytest.fixture
def app(instance: DagsterInstance) -> Celery:
    assert isinstance(instance.run_launcher, CeleryRunLauncher)
    return instance.run_launcher.celery


@pytest.fixture
def engine(app: Celery) -> Iterator[Engine]:
    engine = process_engine(str(app.conf.broker_url).removeprefix("sqla+"))
    yield engine
    with engine.connect() as connection:
        connection.execute(text("DROP TABLE IF EXISTS kombu_message, kombu_queue, celery_taskmeta"))


def test_delivered_messages_are_deleted_and_waiting_ones_stay(app: Celery, engine: Engine) -> None:
    with app.connection() as connection:
        queue = connection.SimpleQueue("dagster")
        queue.put({"run": "delivered"})
        queue.put({"run": "waiting"})
        queue.get(timeout=5).ack()
        delete_leftovers(app)
        with engine.connect() as database:
            assert database.scalar(text("SELECT count(*) FROM kombu_message")) == 1
        assert queue.get(timeout=5).payload == {"run": "waiting"}
        queue.close()


def test_expired_results_are_deleted_and_fresh_ones_stay(app: Celery, engine: Engine) -> None:
    for task_id in ("old", "fresh"):
        app.backend.store_result(task_id, 0, states.SUCCESS)
    with engine.connect() as connection:
        connection.execute(
            text("UPDATE celery_taskmeta SET date_done = date_done - interval '25 hours' WHERE task_id = 'old'")
        )
    delete_leftovers(app)
    assert app.backend.get_task_meta("old")["status"] == states.PENDING
    assert app.backend.get_task_meta("fresh")["status"] == states.SUCCESS


def test_before_anything_was_sent_there_is_nothing_to_delete(app: Celery, engine: Engine) -> None:
    delete_leftovers(app)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('kombu_message')")) is None
