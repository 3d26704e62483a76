"""From a window to the files of its report.

Belongs here: the one order of steps. Does not belong here: any step, and where files are stored.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from summary_pipeline.report.analysis import analyse
from summary_pipeline.report.document import Report
from summary_pipeline.report.files import render_csv, render_json
from summary_pipeline.report.links import Links
from summary_pipeline.report.page import render_html, render_main_plot
from summary_pipeline.report.queries import gather
from summary_pipeline.report.swap_test import ReadTranscript, run_swap_test
from summary_pipeline.report.window import Window

PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a report."""

    name: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report with its files, the page first, and its main plot as PNG."""

    report: Report
    files: tuple[ReportFile, ...]
    main_plot: bytes


def make_report(
    engine: Engine, window: Window, *, generated_at: datetime, read_transcript: ReadTranscript, links: Links
) -> MadeReport:
    """Read a window, analyse it and render it. The same rows and arguments give the same bytes.

    Raises:
        DatabaseError: the database could not answer.
    """
    data = gather(engine, window)
    swap_test = run_swap_test(data, read_transcript)
    report = analyse(data, generated_at=generated_at, swap_test=swap_test, links=links)
    return MadeReport(
        report=report,
        files=(
            ReportFile(PAGE, render_html(report).encode(), "text/html; charset=utf-8"),
            ReportFile("report.json", render_json(report).encode(), "application/json"),
            ReportFile("summaries.csv", render_csv(data).encode(), "text/csv; charset=utf-8"),
        ),
        main_plot=render_main_plot(report),
    )
