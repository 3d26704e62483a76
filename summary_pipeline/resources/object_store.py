"""Objects in the platform's bucket.

Belongs here: reading and writing S3 objects with typed errors. Does not belong here: which keys there are.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MISSING_CODES = frozenset({"404", "NoSuchKey", "NotFound"})
CLIENT_ERRORS_WORTH_A_RETRY = frozenset({408, 409, 429})


class ObjectStoreError(Exception):
    """S3 did not do what was asked. Trying again may help unless a subclass says otherwise."""


class ObjectMissingError(ObjectStoreError):
    """There is no such object; trying again is pointless until somebody writes it."""


class ObjectTooLargeError(ObjectStoreError):
    """The object is larger than the caller is ready to hold; it was not read."""


class ObjectForbiddenError(ObjectStoreError):
    """S3 refused the request for good: credentials, permissions or the bucket's name are wrong."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes with what identifies this version of it."""

    key: str
    body: bytes

    @property
    def sha256(self) -> str:
        """Hex digest of the body."""
        return hashlib.sha256(self.body).hexdigest()


class ObjectStore:
    """One bucket. Safe for use by several threads, as boto3's clients are."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def uri(self, key: str) -> str:
        """Return the ``s3://`` address of ``key``."""
        return f"s3://{self.bucket}/{key}"

    def read(self, key: str, *, max_bytes: int) -> StoredObject:
        """Return an object of at most ``max_bytes`` bytes.

        Raises:
            ObjectMissingError: there is none under ``key``.
            ObjectTooLargeError: it is larger; at most ``max_bytes`` were transferred.
            ObjectForbiddenError: S3 refused for good.
            ObjectStoreError: S3 or the network is in trouble.
        """
        try:
            response = self._client.get_object(Bucket=self.bucket, Key=key)
            with response["Body"] as stream:
                if response["ContentLength"] > max_bytes:
                    raise ObjectTooLargeError(
                        f"{self.uri(key)} has {response['ContentLength']:,} bytes; the limit is {max_bytes:,}."
                    )
                body = stream.read(max_bytes + 1)
        except (BotoCoreError, ClientError) as error:
            raise self._error("read", key, error) from error
        # The client checks the length only of a body that is read without a limit.
        if len(body) != response["ContentLength"]:
            raise ObjectStoreError(
                f"{self.uri(key)} could not be read: the connection ended after {len(body):,} of "
                f"{response['ContentLength']:,} bytes."
            )
        return StoredObject(key=key, body=body)

    def write(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str] | None = None) -> str:
        """Write an object, replacing what is there, and return its address. ``metadata`` is S3's, in ASCII.

        Raises:
            ObjectForbiddenError: S3 refused for good.
            ObjectStoreError: S3 or the network is in trouble.
        """
        try:
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, Metadata=metadata or {}
            )
        except (BotoCoreError, ClientError) as error:
            raise self._error("write", key, error) from error
        return self.uri(key)

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return the metadata that an object was written with; their names in lower case.

        Raises:
            ObjectMissingError: there is none under ``key``.
            ObjectForbiddenError: S3 refused for good.
            ObjectStoreError: S3 or the network is in trouble.
        """
        try:
            found = self._client.head_object(Bucket=self.bucket, Key=key)["Metadata"]
        except (BotoCoreError, ClientError) as error:
            raise self._error("read", key, error) from error
        return {name.lower(): value for name, value in found.items()}

    def copy(self, source: str, target: str) -> None:
        """Copy an object with its metadata, replacing what is there.

        Raises:
            ObjectMissingError: there is none under ``source``.
            ObjectForbiddenError: S3 refused for good.
            ObjectStoreError: S3 or the network is in trouble.
        """
        try:
            self._client.copy_object(Bucket=self.bucket, Key=target, CopySource={"Bucket": self.bucket, "Key": source})
        except (BotoCoreError, ClientError) as error:
            raise self._error("read", source, error) from error

    def require_bucket(self) -> None:
        """Return if the bucket answers.

        Raises:
            ObjectForbiddenError: it does not exist, or is not ours.
            ObjectStoreError: S3 or the network is in trouble.
        """
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except (BotoCoreError, ClientError) as error:
            raise self._error("read", "", error) from error

    def _error(self, verb: str, key: str, error: BotoCoreError | ClientError) -> ObjectStoreError:
        place = f"{self.uri(key)} could not be {'read' if verb == 'read' else 'written'}"
        if not isinstance(error, ClientError):
            return ObjectStoreError(f"{place}: {error}")
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NoSuchBucket":
            return ObjectForbiddenError(f"{place}: there is no bucket {self.bucket!r}. Check AWS_YOUTUBE_BUCKET.")
        if code in MISSING_CODES:
            return ObjectMissingError(f"{self.uri(key)} does not exist.")
        if 400 <= status < 500 and status not in CLIENT_ERRORS_WORTH_A_RETRY:
            return ObjectForbiddenError(f"{place}: S3 answered {status} {code}. Check the AWS_* variables.")
        return ObjectStoreError(f"{place}: S3 answered {status} {code}.")


class ObjectChunkStore:
    """Answers about chunks that were paid for, kept in the bucket (``summarization.chunk_store.ChunkStore``)."""

    def __init__(self, objects: ObjectStore, prefix: str, *, max_bytes: int) -> None:
        self._objects = objects
        self._prefix = prefix
        self._max_bytes = max_bytes

    async def get(self, key: str) -> str | None:
        """Return what is stored under ``key``, or None."""
        try:
            stored = await asyncio.to_thread(self._objects.read, self._object_key(key), max_bytes=self._max_bytes)
        except ObjectMissingError:
            return None
        return stored.body.decode("utf-8", errors="replace")

    async def put(self, key: str, text: str) -> None:
        """Store ``text`` under ``key``."""
        await asyncio.to_thread(
            self._objects.write, self._object_key(key), text.encode(), content_type="application/json"
        )

    def _object_key(self, key: str) -> str:
        return f"{self._prefix}/{key}.json"
