"""Objects around real ones that count what is done with them and fail at a chosen point.

Belongs here: the proxy. Nothing of the real object is replaced: each call reaches it, unless the fault is due before.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from summary_pipeline_tests.database.faults import Crash


@dataclass
class Operations:
    """The calls of all proxies together. The ``point``-th one, counted from 1, crashes: before it, or ``after`` it."""

    point: int
    after: bool = False
    done: list[str] = field(default_factory=list)
    fired: bool = False

    def perform(self, name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the real object returns
        self.done.append(name)
        due = len(self.done) == self.point
        if due and not self.after:
            self.fired = True
            raise Crash
        result = call()
        if due:
            self.fired = True
            raise Crash
        return result


def crashing(real: Any, operations: Operations) -> Any:  # noqa: ANN401 - stands for whatever it is given
    """Return a proxy of ``real``; context managers that its methods return yield proxies too."""
    return _Proxy(real, operations)


class _Proxy:
    def __init__(self, real: object, operations: Operations) -> None:
        self._real = real
        self._operations = operations

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        value = getattr(self._real, name)
        if not callable(value):
            return value

        def call(*arguments: object, **named: object) -> Any:  # noqa: ANN401 - as above
            result = self._operations.perform(name, lambda: value(*arguments, **named))
            return _Opened(result, self._operations) if isinstance(result, AbstractContextManager) else result

        return call


class _Opened:
    """A context manager whose value is a proxy."""

    def __init__(self, real: AbstractContextManager[object], operations: Operations) -> None:
        self._real = real
        self._operations = operations

    def __enter__(self) -> object:
        return crashing(self._real.__enter__(), self._operations)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self._real.__exit__(kind, error, traceback)
