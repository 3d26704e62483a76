"""What the record of a Celery task says about the run that it executes.

Belongs here: the form of that record, and the judgement, as pure functions. Does not belong here: reading or writing it
(``run_watch`` writes, ``launcher`` reads).
"""

from collections.abc import Mapping
from typing import Any

from celery import states
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

#: Seconds between two heartbeats of a run.
HEARTBEAT_SECONDS = 15.0
#: Seconds without a heartbeat after which the worker counts as dead. Four beats, and room for clocks that differ.
HEARTBEAT_TIMEOUT_SECONDS = 60.0


def heartbeat(*, hostname: str, pid: int, now: float) -> dict[str, str | int | float]:
    """Return the meta-data of a task whose process is alive at ``now`` (seconds since the epoch)."""
    return {"hostname": hostname, "pid": pid, "heartbeat_at": now}


def judge_worker(task: Mapping[str, Any], now: float) -> CheckRunHealthResult:
    """Say whether the worker of a run that Dagster takes for STARTED is alive.

    Run monitoring reads the run again before it acts on a verdict, and drops the verdict where the run has ended since.
    So a task that has ended, well or not, is a worker that is gone.

    Args:
        task: Celery's record: ``status``, and as ``result`` the heartbeat of a started task, or a failed one's error.
        now: Seconds since the epoch.
    """
    status, result = task["status"], task.get("result")
    if status == states.STARTED and isinstance(result, Mapping):
        return _judge_heartbeat(result, now)
    if status == states.SUCCESS:
        return CheckRunHealthResult(WorkerStatus.FAILED, "The worker's task ended without an end of the run.")
    if status in states.EXCEPTION_STATES:
        return CheckRunHealthResult(WorkerStatus.FAILED, f"The worker's task ended as {status}: {result}")
    return CheckRunHealthResult(
        WorkerStatus.UNKNOWN,
        f"Celery's result backend says {status} of this run's task: it has lost the task's record.",
    )


def _judge_heartbeat(beat: Mapping[str, Any], now: float) -> CheckRunHealthResult:
    silence = now - float(beat["heartbeat_at"])
    if silence <= HEARTBEAT_TIMEOUT_SECONDS:
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    return CheckRunHealthResult(
        WorkerStatus.FAILED,
        f"No heartbeat for {silence:.0f} s from process {beat['pid']} of {beat['hostname']}: it or its host has died.",
    )
