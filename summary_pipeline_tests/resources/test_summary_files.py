"""Which objects a summary leaves in the bucket, and what becomes of those that were there."""

import uuid

import pytest

from summary_pipeline.local.ports import free_port
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.resources.connections import open_object_store
from summary_pipeline.resources.object_store import (
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreError,
)
from summary_pipeline.resources.summary_files import StoredSummaryFiles
from summary_pipeline_tests.resources.test_object_store import platform

pytestmark = pytest.mark.servers


@pytest.fixture
def objects(s3_server: EmbeddedS3) -> ObjectStore:
    bucket = f"files-{uuid.uuid4()}"
    s3_server.create_bucket(bucket)
    return open_object_store(platform(s3_server.endpoint, bucket))


def files(objects: ObjectStore, word: str = "new") -> StoredSummaryFiles:
    return StoredSummaryFiles(objects, 7, document=f'"{word}"'.encode(), text=f"{word}\n".encode())


def content(objects: ObjectStore, key: str) -> bytes | None:
    try:
        return objects.read(f"summaries/7/{key}", max_bytes=1000).body
    except ObjectMissingError:
        return None


def leave_former_files(objects: ObjectStore, *names: str) -> None:
    for name in names:
        objects.write(f"summaries/7/{name}", f"former {name}".encode(), content_type="application/x-former")


def test_a_summary_is_current_and_a_version(objects: ObjectStore) -> None:
    files(objects).write("v1")
    for prefix in ("", "versions/v1/"):
        assert content(objects, f"{prefix}summary.json") == b'"new"'
        assert content(objects, f"{prefix}summary.txt") == b"new\n"


def test_the_next_summary_replaces_the_current_files_and_no_versions(objects: ObjectStore) -> None:
    files(objects, "one").write("v1")
    files(objects, "two").write("v2")
    assert content(objects, "summary.txt") == content(objects, "versions/v2/summary.txt") == b"two\n"
    assert content(objects, "versions/v1/summary.txt") == b"one\n"


def test_files_of_the_former_service_are_kept_as_they_are(objects: ObjectStore, s3_server: EmbeddedS3) -> None:
    leave_former_files(objects, "summary.json", "summary.txt")
    assert files(objects).keep_found("found-1")
    files(objects).write("v1")
    assert content(objects, "versions/found-1/summary.json") == b"former summary.json"
    assert content(objects, "versions/found-1/summary.txt") == b"former summary.txt"
    copy = s3_server.client().head_object(Bucket=objects.bucket, Key="summaries/7/versions/found-1/summary.json")
    assert copy["ContentType"] == "application/x-former"


def test_an_attempt_after_the_files_were_replaced_does_not_spoil_what_was_kept(objects: ObjectStore) -> None:
    leave_former_files(objects, "summary.json", "summary.txt")
    for word in ("first attempt", "second attempt"):
        assert files(objects, word).keep_found("found-1")
        files(objects, word).write("v1")
    assert content(objects, "versions/found-1/summary.json") == b"former summary.json"
    assert content(objects, "versions/found-1/summary.txt") == b"former summary.txt"
    assert content(objects, "summary.txt") == b"second attempt\n"


def test_where_nothing_was_found_nothing_is_kept_at_any_attempt(objects: ObjectStore) -> None:
    for _ in range(2):
        assert not files(objects).keep_found("found-1")
        files(objects).write("v1")
    assert content(objects, "versions/found-1/summary.json") is None
    assert content(objects, "versions/found-1/summary.txt") is None


def test_a_found_text_without_a_document_is_kept_but_is_no_document(objects: ObjectStore) -> None:
    leave_former_files(objects, "summary.txt")
    assert not files(objects).keep_found("found-1")
    assert content(objects, "versions/found-1/summary.txt") == b"former summary.txt"


def test_files_that_another_service_wrote_over_ours_are_found(objects: ObjectStore) -> None:
    files(objects).write("v1")
    leave_former_files(objects, "summary.json")
    assert files(objects).keep_found("found-2")
    assert content(objects, "versions/found-2/summary.json") == b"former summary.json"
    assert content(objects, "versions/found-2/summary.txt") is None


def test_a_bucket_that_is_not_there_is_an_error(s3_server: EmbeddedS3) -> None:
    lost = open_object_store(platform(s3_server.endpoint, "no-such-bucket"))
    with pytest.raises(ObjectForbiddenError, match="AWS_YOUTUBE_BUCKET"):
        files(lost).write("v1")


def test_a_bucket_that_does_not_answer_is_an_error_and_no_absence() -> None:
    lost = open_object_store(platform(f"http://127.0.0.1:{free_port()}", "videos"))
    with pytest.raises(ObjectStoreError, match="could not be read"):
        files(lost).keep_found("found-1")
