"""The worker: a process that imports the definitions once, and forked children that execute runs.

Belongs here: how the worker process is built and how it ends. Does not belong here: what a child does with a run
(``run_task``), or Celery's settings, which stand in ``dagster.yaml`` so that launcher and worker cannot disagree.

Run it as ``python -m summary_pipeline.deployment.celery_worker --concurrency 2``.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial

from billiard.process import active_children  # type: ignore[import-untyped]  # publishes no types
from celery import Celery, signals
from dagster import DagsterInstance
from kombu.transport import sqlalchemy as sql_transport

from summary_pipeline.deployment.environment import require_dagster_environment
from summary_pipeline.deployment.housekeeping import keep_house
from summary_pipeline.deployment.launcher import WarmWorkerRunLauncher
from summary_pipeline.deployment.parent_watch import end_with_parent
from summary_pipeline.deployment.run_task import register_run_task
from summary_pipeline.deployment.storage import keep_few_connections
from summary_pipeline.deployment.waiting_runs import look_after_waiting_runs
from summary_pipeline.resources.model_announcements import require_announced_usable
from summary_pipeline.settings import SettingsError, load_settings
from summary_pipeline.summarization.errors import ModelConfigurationError

#: Seconds that runs get to end by themselves after SIGTERM, before they are interrupted.
SHUTDOWN_GRACE_SECONDS = 10.0
#: Seconds that the worker then gets to stop in order, before it ends whatever hangs. In all it takes less than the 30 s
#: that Kubernetes gives.
ORDERLY_STOP_SECONDS = 15.0
#: Seconds between two looks at an empty queue in PostgreSQL. Kombu's own value is 1, which a single event waits for.
SQL_POLL_SECONDS = 0.2

logger = logging.getLogger(__name__)


def main() -> None:
    """Build the worker from ``DAGSTER_HOME/dagster.yaml`` and run it until it is told to stop."""
    parser = argparse.ArgumentParser(description="Execute the pipeline's runs in warm processes.")
    parser.add_argument("--concurrency", type=int, required=True, help="runs at once, each in a process of its own")
    parser.add_argument("--loglevel", default="INFO", help="log level of the worker")
    arguments = parser.parse_args()
    _require_settings()
    signals.worker_shutting_down.connect(_see_to_the_stop, weak=False)
    signals.worker_process_init.connect(partial(_end_with_parent, parent=os.getpid()), weak=False)
    sql_transport.Transport.polling_interval = SQL_POLL_SECONDS
    keep_few_connections()
    # The parent sees to it that Dagster's tables are there, once, before the children start.
    with DagsterInstance.get() as instance:
        app = worker_app(instance)

    @cache
    def start_threads() -> None:
        keep_house(app)
        look_after_waiting_runs(app, processes=arguments.concurrency)

    # Celery is ready again after each loss of the broker; the threads are there still.
    signals.worker_ready.connect(lambda **_signal: start_threads(), weak=False)
    app.worker_main(
        [
            *("worker", "--pool", "prefork", "--concurrency", str(arguments.concurrency)),
            *("--loglevel", arguments.loglevel, "--hostname", f"runs-{os.getpid()}@%h"),
            *("--without-gossip", "--without-mingle"),
        ]
    )


def _require_settings() -> None:
    """End the process with all that is wrong: a worker whose every run would fail must not look like one that works."""
    if faults := list(_faults_of_settings()):
        sys.exit("The worker does not start. " + "\n".join(faults))


def _faults_of_settings() -> Iterator[str]:
    try:
        require_announced_usable(load_settings())
    except (SettingsError, ModelConfigurationError) as error:
        yield str(error)
    try:
        require_dagster_environment(os.environ)
    except SettingsError as error:
        yield str(error)


def _end_with_parent(parent: int, **_signal: object) -> None:
    end_with_parent(parent)


def worker_app(instance: DagsterInstance) -> Celery:
    """Return the Celery application of the launcher that ``dagster.yaml`` configures, able to execute runs.

    Raises:
        TypeError: where ``dagster.yaml`` names another launcher.
    """
    launcher = instance.run_launcher
    if not isinstance(launcher, WarmWorkerRunLauncher):
        raise TypeError(
            f"DAGSTER_HOME/dagster.yaml names {type(launcher).__name__} as run launcher; a Celery worker gets work only"
            f" from {WarmWorkerRunLauncher.__name__}."
        )
    register_run_task(launcher.celery)
    return launcher.celery


def _see_to_the_stop(**_signal: object) -> None:
    """Celery waits for its tasks and processes without end; whoever stops the worker will not wait that long."""
    threading.Thread(target=_stop_in_bounded_time, name="stop", daemon=True).start()


def _stop_in_bounded_time() -> None:
    time.sleep(SHUTDOWN_GRACE_SECONDS)
    logger.warning(
        "Interrupting the runs of %d worker processes; run retries start them again.", _send_to_children(signal.SIGTERM)
    )
    time.sleep(ORDERLY_STOP_SECONDS)
    # It hangs: a process that died at the signal has kept a lock of the pool, or one does not let itself be ended.
    try:
        logger.critical(
            "The worker has not stopped within %.0f s: it killed the %d processes that were left, and ends.",
            SHUTDOWN_GRACE_SECONDS + ORDERLY_STOP_SECONDS,
            _send_to_children(signal.SIGKILL),
        )
    finally:
        # An ordinary exit would wait for the very threads that hang.
        os._exit(1)


def _send_to_children(number: signal.Signals) -> int:
    """Send a signal to every process of the pool, and return how many there are."""
    children = active_children()
    for child in children:
        # The pool may have noticed its end since.
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
    return len(children)


if __name__ == "__main__":
    main()
