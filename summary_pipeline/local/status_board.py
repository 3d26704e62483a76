"""Showing what several things at once are doing: a live table on a terminal, plain lines elsewhere.

Belongs here: the display. Does not belong here: what is displayed.
"""

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_STYLES = {
    "ready": "green",
    "external": "cyan",
    "done": "green",
    "done before": "green",
    "died": "bold red",
    "failed": "bold red",
}
_RESTING = frozenset({*_STYLES, "stopped"})


class StatusBoard:
    """Rows of a name, a state and a detail. ``update`` may be called from any thread, also while nothing is shown.

    On a terminal the rows are redrawn while they are shown; elsewhere each change is a line.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._rows: dict[str, tuple[str, str]] = {}
        self._spinners: dict[str, Spinner] = {}
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._started = time.monotonic()

    @contextlib.contextmanager
    def show(self, title: str) -> Iterator[None]:
        """Show rows under ``title``, beginning with none."""
        with self._lock:
            self._title, self._rows, self._started = title, {}, time.monotonic()
        if not self._console.is_terminal:
            self._console.print(title, highlight=False, markup=False)
            yield
            return
        with Live(console=self._console, get_renderable=self._table, refresh_per_second=8) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def update(self, name: str, state: str, detail: str = "") -> None:
        """Set a row; unchanged rows are not told again."""
        with self._lock:
            if self._rows.get(name) == (state, detail):
                return
            self._rows[name] = (state, detail)
            if self._live is None:
                seconds = time.monotonic() - self._started
                self._console.print(
                    f"  {seconds:6.1f} s  {state:<12} {name}  {detail}".rstrip(), highlight=False, markup=False
                )

    def _table(self) -> Group:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        with self._lock:
            for name, (state, detail) in self._rows.items():
                sign = Text("●", style=_STYLES.get(state, "dim")) if state in _RESTING else self._spinner(name)
                table.add_row(sign, escape(name), Text(state, style=_STYLES.get(state, "")), escape(detail))
        return Group(Text(self._title), table)

    def _spinner(self, name: str) -> Spinner:
        return self._spinners.setdefault(name, Spinner("dots"))
