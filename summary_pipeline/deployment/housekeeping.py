"""Deleting what Celery leaves behind in PostgreSQL, where it is broker and result backend.

Belongs here: rows that nobody will read. Does not belong here: Dagster's own history, or Redis, where results expire.
"""

import logging
import threading

from celery import Celery
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from summary_pipeline.deployment.launcher import SQL_BROKER_PREFIX
from summary_pipeline.deployment.storage import process_engine

#: Seconds between two rounds.
INTERVAL_SECONDS = 3600.0

logger = logging.getLogger(__name__)


def keep_house(app: Celery) -> None:
    """Delete leftovers now and then in a thread of its own, for as long as the process lives."""

    def rounds() -> None:
        pause = threading.Event()
        while True:
            try:
                delete_leftovers(app)
            except SQLAlchemyError:
                logger.warning("Leftovers stay for now: the database could not be reached.", exc_info=True)
            pause.wait(INTERVAL_SECONDS)

    threading.Thread(target=rounds, name="housekeeping", daemon=True).start()


def delete_leftovers(app: Celery) -> None:
    """Delete delivered messages and expired results.

    Kombu's SQLAlchemy transport only marks a message that it has delivered, and never deletes it. Celery expires
    results by a task that a scheduler would have to start, and there is none here.
    """
    app.backend.cleanup()
    broker = str(app.conf.broker_url)
    if broker.startswith(SQL_BROKER_PREFIX):
        with process_engine(broker.removeprefix(SQL_BROKER_PREFIX)).connect() as connection:
            # The first launcher or worker to connect makes the table.
            if connection.execute(text("SELECT to_regclass('kombu_message')")).scalar() is not None:
                deleted = connection.execute(text("DELETE FROM kombu_message WHERE NOT visible")).rowcount
                logger.info("Deleted %d delivered messages.", deleted)
