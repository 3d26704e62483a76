"""Intermediate assets as JSON objects in S3.

Belongs here: how a pydantic model becomes an object and comes back. Does not belong here: any asset.
JSON, not pickle: a person can read it, another program can load it, and loading it can't run code.
"""

import dagster as dg
from pydantic import BaseModel, ValidationError

from summary_pipeline.resources.object_store import ObjectMissingError, ObjectStore


class IntermediateMissingError(dg.Failure):
    """An upstream asset of this partition has no stored value."""


class JsonIOManager(dg.IOManager):
    """Stores one object per asset and partition under ``prefix``. Values are pydantic models."""

    def __init__(self, objects: ObjectStore, *, prefix: str, max_bytes: int) -> None:
        self._objects = objects
        self._prefix = prefix
        self._max_bytes = max_bytes

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Store what an asset returned; an asset that stores its result itself returns None."""
        if obj is None:
            return
        if not isinstance(obj, BaseModel):
            raise TypeError(f"{context.asset_key.to_user_string()} returned {type(obj).__name__}, not a pydantic model")
        body = obj.model_dump_json().encode()
        uri = self._objects.write(self._key(context), body, content_type="application/json")
        context.add_output_metadata({"dagster/uri": uri, "bytes": len(body)})

    def load_input(self, context: dg.InputContext) -> BaseModel:
        """Load what an upstream asset stored for this partition, as the type that the parameter is annotated with."""
        kind = context.dagster_type.typing_type
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise TypeError(f"{context.asset_key.to_user_string()} is loaded as {kind!r}, which is no pydantic model")
        key = self._key(context)
        advice = "Materialize it for this partition first, or run the whole job summarize_video."
        try:
            return kind.model_validate_json(self._objects.read(key, max_bytes=self._max_bytes).body)
        except ObjectMissingError as error:
            raise IntermediateMissingError(
                f"{self._objects.uri(key)} does not exist. {advice}", allow_retries=False
            ) from error
        except ValidationError as error:
            raise IntermediateMissingError(
                f"{self._objects.uri(key)} was written by another version ({error.error_count()} faults). {advice}",
                allow_retries=False,
            ) from error

    def _key(self, context: dg.InputContext | dg.OutputContext) -> str:
        return f"{self._prefix}/{'/'.join(context.asset_key.path)}/{context.asset_partition_key}.json"
