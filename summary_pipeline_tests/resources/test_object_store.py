import socket
import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from summary_pipeline.local.ports import free_port
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.resources.connections import S3_ATTEMPTS, open_object_store
from summary_pipeline.resources.object_store import (
    ObjectChunkStore,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
)
from summary_pipeline.settings import PlatformSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.servers


def platform(endpoint: str, bucket: str) -> PlatformSettings:
    return PlatformSettings.model_validate(
        {
            "db_host": "unused",
            "pg_user": "unused",
            "pg_password": "unused",
            "db_name": "unused",
            "kafka_brokers": "unused:1",
            "openai_api_key": "unused",
            "aws_youtube_bucket": bucket,
            "aws_s3_endpoint": endpoint,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
    )


@pytest.fixture
def objects(s3_server: EmbeddedS3) -> ObjectStore:
    bucket = f"objects-{uuid.uuid4()}"
    s3_server.create_bucket(bucket)
    return open_object_store(platform(s3_server.endpoint, bucket))


def test_what_was_written_is_read_with_its_hash(objects: ObjectStore) -> None:
    objects.write("a/b.json", b"{}", content_type="application/json")
    stored = objects.read("a/b.json", max_bytes=100)
    assert stored.body == b"{}"
    assert stored.sha256 == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_writing_replaces_what_was_there(objects: ObjectStore) -> None:
    objects.write("k", b"old", content_type="text/plain")
    objects.write("k", b"new", content_type="text/plain")
    assert objects.read("k", max_bytes=100).body == b"new"


def test_the_content_type_is_kept(objects: ObjectStore, s3_server: EmbeddedS3) -> None:
    objects.write("k", b"x", content_type="text/plain; charset=utf-8")
    client: S3Client = s3_server.client()
    assert client.head_object(Bucket=objects.bucket, Key="k")["ContentType"] == "text/plain; charset=utf-8"


def test_a_missing_object_is_named(objects: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError, match=r"nowhere\.json does not exist"):
        objects.read("nowhere.json", max_bytes=100)


def test_an_object_over_the_limit_is_not_read(objects: ObjectStore) -> None:
    objects.write("big", b"x" * 101, content_type="text/plain")
    with pytest.raises(ObjectTooLargeError, match="has 101 bytes; the limit is 100"):
        objects.read("big", max_bytes=100)


def test_an_object_of_exactly_the_limit_is_read(objects: ObjectStore) -> None:
    objects.write("big", b"x" * 100, content_type="text/plain")
    assert len(objects.read("big", max_bytes=100).body) == 100


def test_a_missing_bucket_is_a_mistake_in_the_settings(s3_server: EmbeddedS3) -> None:
    store = open_object_store(platform(s3_server.endpoint, "no-such-bucket"))
    with pytest.raises(ObjectForbiddenError, match="AWS_YOUTUBE_BUCKET"):
        store.read("k", max_bytes=100)


def test_an_unreachable_server_is_trouble_that_may_pass() -> None:
    store = open_object_store(platform(f"http://127.0.0.1:{free_port()}", "bucket"))
    with pytest.raises(ObjectStoreError) as caught:
        store.read("k", max_bytes=100)
    assert type(caught.value) is ObjectStoreError


def test_a_body_that_ends_early_is_not_taken_for_the_whole_object() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for _ in range(S3_ATTEMPTS):
                connection, _address = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)

        threading.Thread(target=answer, daemon=True).start()
        store = open_object_store(platform(f"http://127.0.0.1:{listener.getsockname()[1]}", "bucket"))
        with pytest.raises(ObjectStoreError, match="ended after 500 of 1,000 bytes"):
            store.read("k", max_bytes=10_000)


async def test_a_stored_answer_is_found_again(objects: ObjectStore) -> None:
    store = ObjectChunkStore(objects, "pipeline/answers", max_bytes=1000)
    assert await store.get("abc") is None
    await store.put("abc", '{"a": "ü"}')
    assert await store.get("abc") == '{"a": "ü"}'
