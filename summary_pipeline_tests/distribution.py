"""Which tests pytest-xdist keeps on one worker.

Those of a file, and all files of a folder that share one stack: each worker would start a stack of its own, which takes
a minute of two cores.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

ONE_STACK = ("end_to_end", "browser")
"""Folders whose ``conftest.py`` starts a stack for all files beside it."""


class OneWorkerForAStack(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist publishes no types
    """Hands out files, and the folders of ``ONE_STACK`` whole."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of_work(nodeid)


def unit_of_work(nodeid: str) -> str:
    """Return the path of what is handed out with a test: its file, or the folder that shares a stack."""
    file = PurePosixPath(nodeid.split("::", 1)[0])
    return str(file.parent if file.parent.name in ONE_STACK else file)
