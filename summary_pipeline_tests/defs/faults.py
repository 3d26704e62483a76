"""Faults at chosen points of what a run does to the stores: before each statement and commit, around each S3 request.

Belongs here: striking the real clients through their own hooks. Does not belong here: what has to hold afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError
from sqlalchemy import Engine, PoolProxiedConnection

from summary_pipeline_tests.database.faults import Crash, Trigger, backend_of, before_step, end_session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Fault(StrEnum):
    """What happens at a point."""

    CRASH = "crash"
    """The process is gone before the step."""
    NO_ANSWER = "no answer"
    """The connection ends: before a statement or commit takes effect, after an S3 request has taken it."""


@contextmanager
def fault_in_stores(engine: Engine, s3: "S3Client", killer: Engine, *, point: int, fault: Fault) -> Iterator[Trigger]:
    """Strike at step number ``point`` of what ``engine`` and ``s3`` do together, counted from 1 and from here."""

    def strike_sql(connection: PoolProxiedConnection) -> None:
        if fault is Fault.CRASH:
            raise Crash
        end_session(killer, backend_of(connection))

    def strike_s3(model: Any, **_event: object) -> None:  # noqa: ANN401 - botocore's own model of the operation
        trigger.seen += 1
        if trigger.seen == trigger.point:
            trigger.fired = True
            if fault is Fault.CRASH:
                raise Crash
            raise ConnectionClosedError(endpoint_url=f"{model.name} at step {trigger.point}")

    hook = "before-call.s3" if fault is Fault.CRASH else "after-call.s3"
    with before_step(engine, point, strike_sql) as trigger:
        s3.meta.events.register(hook, strike_s3)
        try:
            yield trigger
        finally:
            s3.meta.events.unregister(hook, strike_s3)
