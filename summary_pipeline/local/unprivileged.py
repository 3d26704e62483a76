"""Running a program that refuses root, when we are root, on files that only root can reach.

Belongs here: the choice of another user and of the means to run as that user. Does not belong here: any program.

Permissions of folders that are not ours are never changed. Where the other user cannot walk to a file (a checkout under
``/root``, a test's private folder), the program keeps one capability on Linux: to search and read past permissions.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CANDIDATES = ("nobody", "daemon", "postgres")
_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


class NoOtherUserError(RuntimeError):
    """We are root, and there is no way to run the program as somebody else."""


@dataclass(frozen=True, slots=True)
class RunAs:
    """How a command is run: as ``user`` and ``group`` (None: as we are), with ``prefix`` before it."""

    user: int | None = None
    group: int | None = None
    prefix: tuple[str, ...] = ()


AS_WE_ARE = RunAs()


def other_user() -> pwd.struct_passwd | None:
    """Return an account to run as instead of root, or None where we are not root.

    Raises:
        NoOtherUserError: the machine has no such account.
    """
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoOtherUserError(
        f"PostgreSQL refuses to run as root, and none of {', '.join(_CANDIDATES)} exists to run it as"
    )


def run_as(account: pwd.struct_passwd | None, needed: Iterable[Path]) -> RunAs:
    """Return how to run a program as ``account`` that needs the files and folders ``needed``.

    Raises:
        NoOtherUserError: the account cannot reach them, and no capability can be passed on to it.
    """
    if account is None:
        return AS_WE_ARE
    unreachable = [path for path in needed if not _reaches(account, path)]
    if not unreachable:
        return RunAs(account.pw_uid, account.pw_gid)
    setpriv, capability = shutil.which("setpriv"), _passable_capability()
    if setpriv is None or capability is None:
        raise NoOtherUserError(
            f"PostgreSQL refuses to run as root, and user {account.pw_name}, as whom it would run, cannot reach "
            f"{unreachable[0]}. Run as a normal user, or from a folder that everybody may enter."
        )
    prefix = (
        setpriv,
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        f"--inh-caps=-all,+{capability}",
        f"--ambient-caps=+{capability}",
        f"--bounding-set=-all,+{capability}",
        "--",
    )
    return RunAs(prefix=prefix)


def _reaches(account: pwd.struct_passwd, path: Path) -> bool:
    resolved = path.resolve()
    return all(_may_search(account, folder) for folder in resolved.parents)


def _may_search(account: pwd.struct_passwd, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _passable_capability() -> str | None:
    """Containers often keep only the second of the two."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("CapEff:"))
    held = int(line.split()[1], 16)
    return next((name for name, bit in _CAPABILITIES.items() if held >> bit & 1), None)
