"""Runs between their launch and their first event: they wait at the broker, or in a worker until a child is free.

Belongs here: keeping known which of them are held by a worker, and failing those that nobody holds any more, so that
run retries start them again. Does not belong here: runs that have started, which Dagster's run monitoring asks the
launcher about.

Run monitoring knows only one thing of a run that is STARTING: how long it has been so. That limit has to be long,
because a run may wait for the one before it. Without what is done here, the runs that a killed worker had taken from
the broker would wait that long, and hold up their videos and their places in the run queue meanwhile; so would a run
whose daemon died between noting the launch and sending the message.

A worker can also hold runs that it will never start. Its processes take them from one pipe, under one lock, and one of
them that is killed while it waits there takes the lock with it: Celery starts another process, which waits for ever.
Nobody can tell from outside whose lock it is, so such a worker begins anew.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from billiard.process import active_children  # type: ignore[import-untyped]  # publishes no types
from celery import Celery, signals, states
from celery.worker import state as worker_state
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.launcher import WorkerStatus
from sqlalchemy import text

from summary_pipeline.deployment.launcher import SQL_BROKER_PREFIX
from summary_pipeline.deployment.storage import process_engine
from summary_pipeline.deployment.worker_health import HEARTBEAT_SECONDS, heartbeat, judge_worker

#: Seconds that a run waits in a worker with a free process before the worker counts as stuck. It takes milliseconds.
STUCK_SECONDS = 30.0

logger = logging.getLogger(__name__)

_IS_QUEUED = text("SELECT EXISTS (SELECT FROM kombu_message WHERE visible AND payload LIKE '%' || :run_id || '%')")


def look_after_waiting_runs(app: Celery, *, processes: int) -> None:
    """Note what this worker holds, and fail what nobody holds, in a thread of its own for as long as the process lives.

    Call it once the worker is ready. Each worker does so; whichever sees a lost run first fails it.

    Args:
        app: The worker's Celery application.
        processes: How many runs the worker executes at once.
    """
    # As soon as a message is taken, so that nobody takes its run for lost until the first round.
    signals.task_received.connect(lambda request, **_signal: _note(app, request.id), weak=False)

    def rounds() -> None:
        pause = threading.Event()
        suspects: dict[str, str] = {}
        idle_since: dict[str, float] = {}
        while True:
            idle_since = waiting_beside_free_process(idle_since, processes=processes, now=time.monotonic())
            try:
                if is_stuck(idle_since, now=time.monotonic()):
                    _begin_anew(app)
                with DagsterInstance.get() as instance:
                    suspects = do_round(app, instance, suspects)
            except Exception:
                # Whatever it is: a thread that ended would leave lost runs waiting. Mostly a server is away a while.
                logger.exception("Waiting runs could not be looked after; the next round comes.")
            pause.wait(HEARTBEAT_SECONDS)

    threading.Thread(target=rounds, name="waiting runs", daemon=True).start()


def do_round(app: Celery, instance: DagsterInstance, suspects: Mapping[str, str]) -> dict[str, str]:
    """Note what this worker holds; fail the runs that are lost now and were ``suspects`` before; return the new ones.

    Twice, because a message that is being handed over is for a moment neither at the broker nor with a worker.
    """
    for run_id in _held():
        _note(app, run_id)
    lost: dict[str, str] = {}
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTING])):
        record = app.backend.get_task_meta(run.run_id)
        reason = reason_if_lost(record, is_queued=_is_queued(app, run.run_id), now=time.time())
        if reason is None:
            continue
        if run.run_id in suspects:
            _fail(instance, run, reason)
        else:
            lost[run.run_id] = reason
    return lost


def reason_if_lost(record: Mapping[str, Any], *, is_queued: bool | None, now: float) -> str | None:
    """Return why a run that is STARTING will never start, or None where it still may.

    Args:
        record: Celery's record of the run's task; a worker notes there that it holds it.
        is_queued: Whether its message waits at the broker; None where the broker can't be asked.
        now: Seconds since the epoch.
    """
    if record["status"] == states.PENDING:
        return "Its message is no longer at the broker, and no worker has it." if is_queued is False else None
    verdict = judge_worker(record, now)
    return str(verdict.msg) if verdict.status is WorkerStatus.FAILED else None


def waiting_beside_free_process(before: Mapping[str, float], *, processes: int, now: float) -> dict[str, float]:
    """Return since when each run that this worker holds has waited although a process is free; ``before`` is the last.

    Args:
        before: What the last call returned.
        processes: How many runs the worker executes at once.
        now: Seconds of a clock that never goes back.
    """
    if len(worker_state.active_requests) >= processes:
        return {}
    return {run_id: before.get(run_id, now) for run_id in _held()}


def is_stuck(idle_since: Mapping[str, float], *, now: float) -> bool:
    """Tell whether a run has waited beside a free process for far longer than handing it over takes."""
    return any(now - since >= STUCK_SECONDS for since in idle_since.values())


def _begin_anew(app: Celery) -> None:
    """Replace this worker, its processes included, by a new one under the same process id.

    The runs that it holds are told to be lost; those that it executes are found so by their heartbeats, as after any
    crash. All are started again.
    """
    logger.critical("No process of this worker takes up runs any more; it begins anew.")
    for run_id in _held():
        app.backend.store_result(run_id, RuntimeError("its worker was stuck and began anew"), states.FAILURE)
    for child in active_children():
        os.kill(child.pid, signal.SIGKILL)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the very command that started this process


def _held() -> set[str]:
    """Return the runs that this worker has taken from the broker and not started."""
    waiting = set(worker_state.reserved_requests) - set(worker_state.active_requests)
    return {request.id for request in waiting}


def _note(app: Celery, run_id: str) -> None:
    """Write the record that a started run has too: a worker has it, and lives."""
    beat = heartbeat(hostname=os.uname().nodename, pid=os.getpid(), now=time.time())
    app.backend.store_result(run_id, beat, states.STARTED)


def _is_queued(app: Celery, run_id: str) -> bool | None:
    broker = str(app.conf.broker_url)
    if not broker.startswith(SQL_BROKER_PREFIX):
        return None
    with process_engine(broker.removeprefix(SQL_BROKER_PREFIX)).connect() as connection:
        return bool(connection.execute(_IS_QUEUED, {"run_id": run_id}).scalar_one())


def _fail(instance: DagsterInstance, run: DagsterRun, reason: str) -> None:
    now = instance.get_run_by_id(run.run_id)
    if now is not None and now.status is DagsterRunStatus.STARTING:
        logger.warning("Run %s is lost: %s", run.run_id, reason)
        instance.report_run_failed(now, f"The run was lost before it started. {reason}")
