"""``summary-pipeline dev``: the stack stays up until somebody stops it.

Belongs here: that command. Does not belong here: starting and stopping (``session``).
"""

from collections.abc import Mapping

from rich.console import Console

from summary_pipeline.database.compatibility import require_compatible
from summary_pipeline.local.errors import StopRequestedError
from summary_pipeline.local.session import run_session
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.local.status_board import StatusBoard
from summary_pipeline.resources.connections import open_database
from summary_pipeline.settings import load_settings


def run_dev(environment: Mapping[str, str]) -> int:
    """Keep the stack up until Ctrl-C or SIGTERM; return the exit status, not 0 where a part died.

    Raises:
        SettingsError: a setting is missing or malformed.
    """
    return run_session(environment, _check_tables_and_stay_up)


def _check_tables_and_stay_up(stack: LocalStack, board: StatusBoard, console: Console) -> int:
    """Refuse a database of the user's whose tables would make every run fail."""
    platform = load_settings(stack.child_environment).platform
    require_compatible(open_database(platform).engine)
    return stay_up(stack, board, console)


def stay_up(stack: LocalStack, _board: StatusBoard, console: Console) -> int:
    """Say where things are, and wait. Being stopped is the way this ends."""
    console.print(f"Dagster's UI: {stack.ui_url}", highlight=False)
    console.print(f"Variables for a shell: . {stack.environment_file}", highlight=False, soft_wrap=True)
    console.print(f"Logs: {stack.supervisor.log('*').parent}", highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.")
    try:
        stack.wait()
    except StopRequestedError:
        return 0
    return 0
