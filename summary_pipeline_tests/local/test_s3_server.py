import os
import signal
import socket
from pathlib import Path

import pytest

from summary_pipeline.local.errors import PortTakenError
from summary_pipeline.local.processes import is_alive
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline_tests.local.process_support import listening_addresses, processes_of, require_none_of, wait_until

pytestmark = pytest.mark.servers

KEYS = ["summaries/7/summary.json", "transcripts/7/transcript.json", "with space/ä.txt"]


def write_all(server: EmbeddedS3) -> None:
    for key in KEYS:
        server.client().put_object(Bucket=server.bucket, Key=key, Body=key.encode(), ContentType="text/plain")


def read_all(server: EmbeddedS3) -> dict[str, str]:
    client = server.client()
    listed = client.list_objects_v2(Bucket=server.bucket).get("Contents", [])
    return {
        entry["Key"]: client.get_object(Bucket=server.bucket, Key=entry["Key"])["Body"].read().decode()
        for entry in listed
    }


def test_objects_and_port_outlive_a_restart(tmp_path: Path) -> None:
    with EmbeddedS3(tmp_path) as server:
        write_all(server)
        port = server.port
    require_none_of(tmp_path, 0.1)
    with EmbeddedS3(tmp_path) as server:
        assert server.port == port
        assert read_all(server) == {key: key for key in KEYS}


def test_objects_outlive_sigkill(tmp_path: Path) -> None:
    server = EmbeddedS3(tmp_path).start()
    write_all(server)
    process = server.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(process), "the server is dead")
    server.stop()
    with EmbeddedS3(tmp_path) as again:
        assert read_all(again) == {key: key for key in KEYS}


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with EmbeddedS3(tmp_path):
        assert listening_addresses(set(processes_of(tmp_path))) == {"127.0.0.1"}


def test_the_bucket_is_there_and_creating_it_again_changes_nothing(tmp_path: Path) -> None:
    with EmbeddedS3(tmp_path, bucket="ours") as server:
        write_all(server)
        server.complete()
        assert len(read_all(server)) == len(KEYS)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} .*s3 needs, is taken"):
            EmbeddedS3(tmp_path, port=port).start()
