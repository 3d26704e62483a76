import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psycopg2
import pytest
from confluent_kafka.admin import AdminClient

from summary_pipeline.local.errors import DirectoryInUseError, PartFailedError, PortTakenError
from summary_pipeline.local.plan import SERVERS
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.local.process_support import python_process, read_line, require_none_of

pytestmark = pytest.mark.servers

RUNS_THE_SERVERS = """
import sys
from pathlib import Path
from summary_pipeline.local.errors import StopRequestedError
from summary_pipeline.local.plan import SERVERS
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.local.stop_signals import stop_on_signals

stack = LocalStack(Path(sys.argv[1]), {}, parts=SERVERS)
try:
    with stop_on_signals(stack.supervisor), stack:
        print("up", flush=True)
        stack.wait()
except StopRequestedError as stop:
    print(stop, flush=True)
"""


def tables(stack: LocalStack) -> set[str]:
    connection = psycopg2.connect(stack.postgresql.url("videos", "postgresql"))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            return {row[0] for row in cursor.fetchall()}
    finally:
        connection.close()


def test_it_exports_what_production_sets(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {}, parts=SERVERS) as stack:
        platform = load_settings(stack.child_environment).platform
        assert (platform.db_host, platform.db_name, platform.db_schema) == ("127.0.0.1", "videos", "public")
        assert platform.kafka_brokers == stack.kafka.address
        assert platform.s3_endpoint == stack.s3.endpoint
        assert platform.openai_base_url == stack.openai.base_url
        assert {"videos", "outbox_events", "processed_messages", "video_status_log"} <= tables(stack)


def test_the_offline_model_is_asked_for_by_its_name(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {}, parts={"openai"}) as stack:
        assert stack.child_environment["SUMMARY_MODEL"] == "extractive-offline"


def test_a_model_that_the_environment_names_is_kept(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {"SUMMARY_MODEL": "mine"}, parts={"openai"}) as stack:
        assert stack.child_environment["SUMMARY_MODEL"] == "mine"


def test_its_environment_file_can_be_sourced_and_is_private(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {"DB_SCHEMA": "it's"}, parts=SERVERS - {"openai"}) as stack:
        file = stack.environment_file
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        command = f'. {file} && printf "%s\\n%s" "$DB_SCHEMA" "$DB_PORT"'
        printed = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
        assert printed == f"it's\n{stack.postgresql.port}"


def test_what_the_environment_names_is_used_and_not_started(tmp_path: Path, s3_server: EmbeddedS3) -> None:
    told: dict[str, tuple[str, str]] = {}
    given = {**s3_server.environment(), "OPENAI_API_KEY": "sk-example", "HOME": "/tmp"}
    stack = LocalStack(
        tmp_path, given, parts=SERVERS, report=lambda name, state, detail: told.update({name: (state, detail)})
    )
    with stack:
        assert stack.environment["AWS_S3_ENDPOINT"] == s3_server.endpoint
        assert stack.child_environment["OPENAI_API_KEY"] == "sk-example"
        assert "OPENAI_BASE_URL" not in stack.child_environment
        assert stack.child_environment["HOME"] == "/tmp"
        assert told["s3"] == ("external", f"AWS_S3_ENDPOINT={s3_server.endpoint}")
        assert stack.supervisor.identity("s3") is None
        assert stack.supervisor.identity("openai") is None


def test_a_later_stack_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    parts = SERVERS - {"openai"}
    with LocalStack(tmp_path, {}, parts=parts) as stack:
        stack.s3.client().put_object(Bucket="videos", Key="kept", Body=b"kept")
        before = stack.environment
    with LocalStack(tmp_path, {}, parts=parts) as stack:
        assert stack.environment == before
        assert stack.s3.client().get_object(Bucket="videos", Key="kept")["Body"].read() == b"kept"
        assert "videos" in tables(stack)


def test_a_part_that_dies_is_told_with_its_name(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {}, parts={"s3", "kafka"}) as stack:
        process = stack.supervisor.identity("s3")
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(PartFailedError, match="s3 was ended by SIGKILL"):
            stack.wait(30)
    require_none_of(tmp_path, 0.1)


def test_a_part_can_crash_and_come_back(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {}, parts={"kafka"}) as stack:
        client = AdminClient({"bootstrap.servers": stack.kafka.address})
        before = client.list_topics(timeout=10).cluster_id
        stack.supervisor.kill("kafka")
        stack.launch("kafka")
        again = AdminClient({"bootstrap.servers": stack.kafka.address})
        assert again.list_topics(timeout=30).cluster_id != before
        stack.check()


def test_a_taken_ui_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        stack = LocalStack(tmp_path, {}, ui_port=holder.getsockname()[1])
        with pytest.raises(PortTakenError, match="Dagster's UI needs, is taken"):
            stack.start()
    assert not (tmp_path / "postgresql").exists()


def test_two_stacks_do_not_share_a_directory(tmp_path: Path) -> None:
    with LocalStack(tmp_path, {}, parts={"kafka"}) as stack:
        with pytest.raises(DirectoryInUseError):
            LocalStack(tmp_path, {}, parts={"kafka"}).start()
        stack.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    with python_process(RUNS_THE_SERVERS, str(tmp_path)) as process:
        assert read_line(process) == "up"
        process.send_signal(number)
        assert process.wait(60) == 0
    require_none_of(tmp_path, 0.1)


def test_after_a_crash_the_next_stack_starts_with_the_data_and_without_leftovers(tmp_path: Path) -> None:
    with python_process(RUNS_THE_SERVERS, str(tmp_path)) as process:
        assert read_line(process) == "up"
        process.kill()
        process.wait(30)
    with LocalStack(tmp_path, {}, parts=SERVERS) as stack:
        assert "videos" in tables(stack)
    require_none_of(tmp_path, 0.1)
