"""Markdown tables on standard output."""

from collections.abc import Iterable, Sequence


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as they come, so that a long benchmark shows where it is."""
    _print_row(header)
    _print_row(["---"] * len(header))
    for row in rows:
        _print_row(row)
    print(flush=True)


def _print_row(cells: Sequence[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)
