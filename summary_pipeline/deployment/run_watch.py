"""A watch over one run, in the process that executes it.

Belongs here: what goes on beside a run: its heartbeat, and seeing that somebody wants it stopped. Does not belong here:
the run (``run_task``) or what others conclude from the heartbeat (``worker_health``).
"""

import logging
import os
import signal
import threading
import time
from types import TracebackType

from celery import states
from celery.backends.base import Backend
from dagster import DagsterInstance
from dagster._core.storage.dagster_run import DagsterRunStatus

from summary_pipeline.deployment.worker_health import HEARTBEAT_SECONDS, heartbeat

#: Seconds between two looks at the run's status: what "Terminate" takes at most until the run is interrupted.
POLL_SECONDS = 2.0
#: Seconds after which a run that has not stopped is interrupted again.
INTERRUPT_AGAIN_SECONDS = 10.0
#: Statuses that somebody else set: the user (CANCELING, or CANCELED by force) or run monitoring (FAILURE).
STOPPED_FROM_OUTSIDE = frozenset({DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED, DagsterRunStatus.FAILURE})

logger = logging.getLogger(__name__)


class RunWatch:
    """Context manager: while it is open, a thread beats and looks. Open it in the main thread, around the run.

    Args:
        run_id: The run, and the id of the Celery task that executes it.
        instance: Dagster's instance, for the run's status.
        backend: Celery's result backend, which the heartbeats go to.
        hostname: Name of the worker, for whoever reads of its death.
    """

    def __init__(self, *, run_id: str, instance: DagsterInstance, backend: Backend, hostname: str) -> None:
        self._run_id = run_id
        self._instance = instance
        self._backend = backend
        self._hostname = hostname
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch of run {run_id}", daemon=True)

    def __enter__(self) -> None:
        # Before the run starts, so that no STARTED run is without a heartbeat.
        self._beat()
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        # The task's last state must not be followed by a late heartbeat.
        self._thread.join()

    def _watch(self) -> None:
        next_beat = time.monotonic() + HEARTBEAT_SECONDS
        next_interrupt = time.monotonic()
        while not self._ended.wait(POLL_SECONDS):
            now = time.monotonic()
            try:
                if now >= next_beat:
                    self._beat()
                    next_beat = now + HEARTBEAT_SECONDS
                if now >= next_interrupt and self._is_stopped_from_outside() and _can_be_interrupted():
                    logger.warning("Run %s was stopped from outside; interrupting it.", self._run_id)
                    os.kill(os.getpid(), signal.SIGINT)
                    next_interrupt = now + INTERRUPT_AGAIN_SECONDS
            except Exception:
                # Whatever it is: a watch that ended would make a healthy run count as dead. Mostly a server is away for
                # a while; the run fails by itself if it needs it.
                logger.exception("The watch of run %s failed and tries again.", self._run_id)

    def _beat(self) -> None:
        beat = heartbeat(hostname=self._hostname, pid=os.getpid(), now=time.time())
        self._backend.store_result(self._run_id, beat, states.STARTED)

    def _is_stopped_from_outside(self) -> bool:
        run = self._instance.get_run_by_id(self._run_id)
        return run is None or run.status in STOPPED_FROM_OUTSIDE


def _can_be_interrupted() -> bool:
    """Celery's children ignore SIGINT; Dagster listens to it from the run's first event to its last."""
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
