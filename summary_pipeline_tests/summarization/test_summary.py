import datetime as dt
from pathlib import Path

import pytest
from pydantic import BaseModel

from summary_pipeline.summarization.cost import Usage
from summary_pipeline.summarization.summary import (
    SCHEMA_VERSION,
    Chapter,
    FinalSummary,
    KeyPoint,
    Provenance,
    Source,
    SummaryDocument,
    clock_time,
    summary_document,
    summary_markdown,
    summary_text,
)

SCHEMA_PAGE = Path(__file__).parents[2] / "docs" / "summary-schema.md"
SOURCE = Source(key="transcripts/7/transcript.json", sha256="ab" * 32)
NOW = dt.datetime(2026, 11, 20, 13, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
FINAL = FinalSummary(
    summary="The harbour opened early. Prices *rose*.",
    sentence_count=2,
    key_points=(KeyPoint(text="Prices rose <b>", snippet=4, start=16.0),),
    chapters=(Chapter(title="Opening", snippet=0, start=0.0), Chapter(title="Prices", snippet=900, start=3_725.9)),
    topics=("harbours", "prices"),
    language="en",
    model="m-1",
    notes=("A chapter was dropped: it has no title.",),
    provenance=Provenance(
        requested_model="m",
        answered_by=("m-1",),
        prompt_versions={"final_summary": "0123456789ab"},
        prompt_version="ba9876543210",
        parameters={"model": "m"},
        single_call=True,
        chunk_count=1,
        snippet_count=901,
        transcript_tokens=9_000,
        encoding="o200k_base",
        covered_tokens=9_000,
        coverage=1.0,
        reduce_levels=1,
        usage=Usage(calls=1, input_tokens=9_500, output_tokens=300, cost_usd=0.001),
        stored_usage=Usage(),
        stored_answers=0,
    ),
)


def document() -> SummaryDocument:
    return summary_document(
        FINAL, video_id=7, source=SOURCE, created_at=NOW, event_id="e", quality={"score": 0.8, "flags": []}
    )


def test_the_document_holds_all_of_the_summary_and_where_it_is_from() -> None:
    made = document()
    assert (made.video_id, made.event_id, made.source) == (7, "e", SOURCE)
    assert made.created_at.isoformat() == "2026-11-20T12:00:00+00:00"
    assert made.quality == {"score": 0.8, "flags": []}
    # The transcript's hash stands in its source; runs are named where they are known.
    for field in FinalSummary.model_fields.keys() - {"source_sha256", "run_id", "counted_runs"}:
        assert getattr(made, field) == getattr(FINAL, field)


def test_the_document_survives_a_round_trip_through_json() -> None:
    assert SummaryDocument.model_validate_json(document().model_dump_json()) == document()


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        summary_document(FINAL, video_id=7, source=SOURCE, created_at=dt.datetime(2026, 11, 20))  # noqa: DTZ001 - the zone that is missing is what is tested


def fields_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        found.append(prefix + name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found += fields_of(part, f"{prefix}{name}.")
    return found


@pytest.mark.parametrize("field", fields_of(SummaryDocument))
def test_every_field_of_the_document_is_described(field: str) -> None:
    assert f"| `{field}` |" in SCHEMA_PAGE.read_text(encoding="utf-8")


def test_the_description_is_of_the_current_version_and_names_nothing_that_is_not_there() -> None:
    page = SCHEMA_PAGE.read_text(encoding="utf-8")
    assert f"Version {SCHEMA_VERSION}" in page
    described = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert described == set(fields_of(SummaryDocument))


def test_the_text_is_the_summary_alone() -> None:
    assert summary_text(FINAL) == "The harbour opened early. Prices *rose*.\n"


def test_the_markdown_shows_what_a_model_wrote_as_it_stands() -> None:
    assert summary_markdown(FINAL) == (
        "The harbour opened early. Prices \\*rose\\*.\n\n"
        "- Prices rose \\<b\\>\n\n"
        "**Chapters**\n\n- 0:00 Opening\n- 1:02:05 Prices\n\n"
        "**Topics:** harbours, prices\n"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Sign in at https://example.org/a_b, now.", "Sign in at `https://example.org/a_b,` now."),
        ("See WWW.example.org or me@example.org.", "See `WWW.example.org` or `me@example.org.`"),
        ("请访问https://example.org。谢谢", "请访问`https://example.org`。谢谢"),
        ("a`@``b", "``` a`@``b ```"),
    ],
)
def test_an_address_is_shown_as_code_of_which_no_viewer_makes_a_link(said: str, shown: str) -> None:
    final = FINAL.model_copy(update={"summary": said, "key_points": (), "chapters": (), "topics": ()})
    assert summary_markdown(final) == f"{shown}\n"


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3_600, "1:00:00"), (700_000, "194:26:40")]
)
def test_times_are_shown_as_clocks(seconds: float, clock: str) -> None:
    assert clock_time(seconds) == clock
