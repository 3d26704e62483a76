"""One session with the stack: start it, do something, stop it, whatever happens in between.

Belongs here: the life of a session and its exit status. Does not belong here: what is done in it (``dev``, ``demo``).
"""

from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from rich.console import Console

from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.local.errors import PartFailedError, StackError, StopRequestedError
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.local.status_board import StatusBoard
from summary_pipeline.local.stop_signals import stop_on_signals
from summary_pipeline.resources.object_store import ObjectStoreError
from summary_pipeline.settings import PipelineSettings, load_group

FAILED = 1
_WIDTH_WITHOUT_A_TERMINAL = 160
# Of servers that the environment names, too: those may be out of reach, or refuse.
_TOLD_AS_MESSAGES = (StackError, DatabaseError, ObjectStoreError, BotoCoreError, ClientError, KafkaException)


def run_session(environment: Mapping[str, str], work: Callable[[LocalStack, StatusBoard, Console], int]) -> int:
    """Start the stack that ``environment`` describes, do ``work`` in it, stop it; return the exit status.

    An error that a person can mend becomes a message and status 1; a signal gives the status that shells give it.

    Raises:
        SettingsError: a setting is missing or malformed.
    """
    settings = load_group(PipelineSettings, environment)
    console = _console()
    board = StatusBoard(console)
    stack = LocalStack(
        settings.summary_data_dir,
        environment,
        kafka=settings.summary_local_kafka,
        ui_port=settings.summary_ui_port,
        workers=settings.summary_workers,
        report=board.update,
    )
    try:
        with stop_on_signals(stack.supervisor):
            return start_work_stop(stack, board, console, work)
    except StopRequestedError as stop:
        return 128 + stop.signal
    except _TOLD_AS_MESSAGES as error:
        Console(stderr=True).print(f"Error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        return FAILED


def start_work_stop(
    stack: LocalStack,
    board: StatusBoard,
    console: Console,
    work: Callable[[LocalStack, StatusBoard, Console], int],
) -> int:
    """Start ``stack``, do ``work`` in it, stop it; return what ``work`` returns.

    Raises:
        SettingsError: a setting is missing or malformed.
        StackError: the stack does not start, or a part died; the message then ends with what stays and what to do.
    """
    with board.show(f"Starting the stack in {stack.data_dir}"):
        stack.start()
    try:
        return work(stack, board, console)
    except PartFailedError as error:
        raise PartFailedError(f"{error}\n{_what_stays(stack)}") from error
    finally:
        try:
            with board.show("Stopping the stack"):
                stack.stop()
        except StopRequestedError:
            # It came just before the stop began; another one only makes that hurry.
            stack.stop()
            raise


def _what_stays(stack: LocalStack) -> str:
    kept = "What PostgreSQL and S3 held is kept; `make dev` starts the stack again with it."
    forgets = "kafka" in stack.plan.servers and isinstance(stack.kafka, MockKafka)
    return f"{kept} The messages in the mock broker are gone." if forgets else kept


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_WITHOUT_A_TERMINAL)
