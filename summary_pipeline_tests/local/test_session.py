"""A session with the stack whose part dies, on real servers."""

import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from summary_pipeline.local.errors import PartFailedError
from summary_pipeline.local.plan import PartName
from summary_pipeline.local.session import start_work_stop
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.local.status_board import StatusBoard
from summary_pipeline_tests.local.process_support import require_none_of

pytestmark = pytest.mark.servers

KEPT = "What PostgreSQL and S3 held is kept; `make dev` starts the stack again with it."


def error_once_s3_is_killed(tmp_path: Path, parts: set[PartName]) -> str:
    def kill_s3(stack: LocalStack, _board: StatusBoard, _console: Console) -> int:
        process = stack.supervisor.identity("s3")
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        stack.wait(30)
        return 0

    console = Console(quiet=True)
    with pytest.raises(PartFailedError, match="s3 was ended by SIGKILL") as error:
        start_work_stop(LocalStack(tmp_path, {}, parts=parts), StatusBoard(console), console, kill_s3)
    require_none_of(tmp_path)
    return str(error.value)


def test_the_error_of_a_part_that_died_ends_with_what_stays_and_how_to_go_on(tmp_path: Path) -> None:
    assert error_once_s3_is_killed(tmp_path, {"s3"}).endswith(f"\n{KEPT}")


def test_it_says_that_the_messages_of_the_mock_broker_are_gone(tmp_path: Path) -> None:
    message = error_once_s3_is_killed(tmp_path, {"s3", "kafka"})
    assert message.endswith(f"\n{KEPT} The messages in the mock broker are gone.")
