"""Pages that stand alone: a template, its styles and its figures in one file.

Belongs here: ``render_html``, and what templates need. Does not belong here: numbers (``analysis``), plots (``plots``).

Titles and summaries are other people's words: templates escape everything but the figures drawn here, and the page's
Content-Security-Policy forbids scripts and every address but those of its own links.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from summary_pipeline.report import formats, plots
from summary_pipeline.report.document import Report
from summary_pipeline.report.drawing import Plot, to_png, to_svg
from summary_pipeline.report.window import Period

_LONG_HEIGHT: Final = 290
"""Of figures with a line for each of eight components."""


def render_html(report: Report) -> str:
    """Return the report's page."""
    return render_page("report.html.j2", report=report, figures=_figures(report))


def render_main_plot(report: Report) -> bytes:
    """Return the plot that says most, the trend of scores, as PNG."""
    return to_png(plots.trend(report.trend, unit=_unit(report)))


def render_page(template: str, **values: object) -> str:
    """Return a page of one of the templates."""
    style = resources.files("summary_pipeline.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 -- a file of this package
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            **values,
        )
    )


def figure(plot: Plot, *, identity: str, title: str, height: int | None = None) -> Markup:
    """Return a figure for a template. Names in it are escaped by what writes the SVG."""
    svg = to_svg(plot, identity=identity, title=title, **({} if height is None else {"height": height}))
    return Markup(svg)  # noqa: S704 -- written by an XML library


def _figures(report: Report) -> dict[str, Markup]:
    """Return the figures for which there is something to draw, by the name of their section."""
    found = {
        "trend": figure(
            plots.trend(report.trend, unit=_unit(report)),
            identity="trend",
            title="Mean score and number of summaries over time; the table below it has the numbers.",
        )
    }
    if report.scores is not None:
        found["distribution"] = figure(
            plots.distribution(report.scores, report.previous_histogram),
            identity="distribution",
            title="Share of summaries by score, in steps of 0.05.",
        )
    if any(component.computed for component in report.components):
        found["components"] = figure(
            plots.components(report.components),
            identity="components",
            title="Mean of each component of the score; the table has the numbers.",
            height=_LONG_HEIGHT,
        )
    if report.latency is not None:
        found["latency"] = figure(
            plots.latency(report.latency),
            identity="latency",
            title="Share of summaries that were there within a time after their event.",
        )
    if any(change.score is not None for change in report.changes):
        found["changes"] = figure(
            plots.change_intervals(report.changes),
            identity="changes",
            title="Difference of mean scores at each change, with its interval; the table has the numbers.",
        )
    return found


def _unit(report: Report) -> str:
    return "day" if report.window.period is Period.DAILY else "week"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("summary_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: tuple[Callable[..., str], ...] = (
        formats.amount,
        formats.dollars,
        formats.duration,
        formats.estimate,
        formats.difference,
        formats.instant,
        formats.percent,
        formats.score,
    )
    environment.filters.update({function.__name__: function for function in shown})
    return environment
