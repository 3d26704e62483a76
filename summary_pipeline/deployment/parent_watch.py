"""The end of a worker's children when the worker itself has been killed.

Belongs here: noticing that the parent process is gone, and ending this one. Does not belong here: an orderly stop
(``celery_worker``).

Celery lets the kernel kill a child when its parent ends (``PR_SET_PDEATHSIG``). But the kernel takes the thread that
forked for the parent: with PostgreSQL as broker that is a thread of the pool that ends at the beginning of an orderly
stop, so that children which replaced others were killed in the middle of the runs that the worker waited for.
"""

import logging
import os
import signal
import sys
import threading

from billiard.util import set_pdeathsig  # type: ignore[import-untyped]  # publishes no types

#: Seconds between two looks at the parent.
LOOK_SECONDS = 1.0
#: Seconds that a run gets to record that it was interrupted, before the process is killed. Its retry then starts at
#: once, and not only when its heartbeat is missed.
GRACE_SECONDS = 5.0

logger = logging.getLogger(__name__)


def end_with_parent(parent: int) -> None:
    """End this process soon after process ``parent``, and not before. Call it in the child.

    Args:
        parent: Process id of the worker, taken before the fork: it may have died since.
    """
    if sys.platform == "linux":
        set_pdeathsig(0)
    threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(LOOK_SECONDS)
    logger.error("The worker (process %d) is gone: interrupting the run under way, then ending.", parent)
    os.kill(os.getpid(), signal.SIGTERM)
    pause.wait(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
