"""How commands print tables.

Belongs here: what stands on a line, and what is left out where a terminal is narrow. Does not belong here: the cells.
rich's tables have no row with a line of prose below it: on 80 columns they fold an error beside ids into a column of 8.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import typer

_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a ``detail`` is left out where the terminal is too narrow for all."""

    title: str
    detail: bool = False


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of one-line cells; the last one, which is prose, has a line of its own where a row does not fit.

    No cell is cut or broken, so that ids, times and places can be copied; what is piped has one line a row.
    """
    from rich.cells import cell_len

    lines = [[column.title for column in columns], *rows]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]

    def room(shown: Sequence[int]) -> int:
        return sum(widths[place] for place in shown) + len(_GAP) * (len(shown) - 1)

    terminal = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    *shown, prose = range(len(columns))
    fits = room([*shown, prose]) <= terminal
    if room(shown) > terminal:
        shown = [place for place in shown if not columns[place].detail]
    for cells in lines:
        padded = _GAP.join(cells[place] + " " * (widths[place] - cell_len(cells[place])) for place in shown)
        typer.echo(f"{padded}{_GAP}{cells[prose]}" if fits else f"{padded.rstrip()}\n{_GAP * 2}{cells[prose]}")
