"""Intermediate assets as JSON objects in S3.

Belongs here: how a pydantic model becomes an object and comes back. Does not belong here: any asset.
JSON, not pickle: a person can read it, another program can load it, and loading it can't run code.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import BaseModel, ValidationError

from summary_pipeline.resources.object_store import (
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
)
from summary_pipeline.resources.retrying import RetrySchedule, wait_for_retry

_PERMANENT = (ObjectForbiddenError, ObjectMissingError, ObjectTooLargeError)


class IntermediateMissingError(dg.Failure):
    """An upstream asset of this partition has no stored value."""


class JsonIOManager(dg.IOManager):
    """Stores one object per asset and partition under ``prefix``. Values are pydantic models.

    Dagster calls it outside of an asset's body, so trouble with S3 is told and repeated here as ``defs.failures`` does
    it there: with the asset's attempts, all of them counted together.
    """

    def __init__(self, objects: ObjectStore, *, prefix: str, max_bytes: int, retries: RetrySchedule) -> None:
        self._objects = objects
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._retries = retries

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Store what an asset returned; an asset that stores its result itself returns None.

        Raises:
            dagster.RetryRequested: S3 is in trouble, and attempts at the asset are left.
            dagster.Failure: S3 refused, or stayed in trouble.
        """
        if obj is None:
            return
        if not isinstance(obj, BaseModel):
            raise TypeError(f"{context.asset_key.to_user_string()} returned {type(obj).__name__}, not a pydantic model")
        body = obj.model_dump_json().encode()
        with self._clear_failures(context):
            uri = self._objects.write(self._key(context), body, content_type="application/json")
        context.add_output_metadata({"dagster/uri": uri, "bytes": len(body)})

    def load_input(self, context: dg.InputContext) -> BaseModel:
        """Load what an upstream asset stored for this partition, as the type that the parameter is annotated with.

        Raises:
            IntermediateMissingError: there is none, or another version wrote it.
            dagster.RetryRequested: S3 is in trouble, and attempts at the asset are left.
            dagster.Failure: S3 refused, or stayed in trouble.
        """
        kind = context.dagster_type.typing_type
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise TypeError(f"{context.asset_key.to_user_string()} is loaded as {kind!r}, which is no pydantic model")
        key = self._key(context)
        advice = "Materialize it for this partition first, or run the whole job summarize_video."
        try:
            with self._clear_failures(context):
                body = self._objects.read(key, max_bytes=self._max_bytes).body
            return kind.model_validate_json(body)
        except ObjectMissingError as error:
            raise IntermediateMissingError(
                f"{self._objects.uri(key)} does not exist. {advice}", allow_retries=False
            ) from error
        except ValidationError as error:
            raise IntermediateMissingError(
                f"{self._objects.uri(key)} was written by another version ({error.error_count()} faults). {advice}",
                allow_retries=False,
            ) from error

    @contextmanager
    def _clear_failures(self, context: dg.InputContext | dg.OutputContext) -> Iterator[None]:
        try:
            yield
        except ObjectMissingError:
            raise
        except ObjectStoreError as error:
            failure = dg.Failure(str(error), metadata={"error": type(error).__name__}, allow_retries=False)
            failure.__cause__ = error
            if not isinstance(error, _PERMANENT) and (earlier := _earlier_attempts(context)) is not None:
                wait_for_retry(failure, self._retries, earlier_attempts=earlier, log=context.log)
            raise failure from error

    def _key(self, context: dg.InputContext | dg.OutputContext) -> str:
        return f"{self._prefix}/{'/'.join(context.asset_key.path)}/{context.asset_partition_key}.json"


def _earlier_attempts(context: dg.InputContext | dg.OutputContext) -> int | None:
    """Return the attempts of this run before this one; None outside of a run, where nobody would make another."""
    try:
        return context.step_context.previous_attempt_count
    except dg.DagsterInvariantViolationError:
        return None
