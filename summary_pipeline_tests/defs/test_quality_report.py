"""The report's assets against real servers: what they leave in S3, on disk and in the UI."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from summary_pipeline.build import build_defs
from summary_pipeline.defs.assets.quality_report import stored_transcript, write_files
from summary_pipeline.defs.failure_sensor import is_about_a_video
from summary_pipeline.report.links import Links
from summary_pipeline.report.making import ReportFile, make_report
from summary_pipeline.report.window import Period, Window
from summary_pipeline.settings import PipelineSettings
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets
from summary_pipeline_tests.report.history import LAST_DAY, add_history

DAY = LAST_DAY.isoformat()
MONDAY = (LAST_DAY - timedelta(days=LAST_DAY.weekday() + 7)).isoformat()


@pytest.fixture(autouse=True)
def report_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUMMARY_REPORT_DIR", str(tmp_path / "reports"))
    return tmp_path / "reports"


def make(platform: Platform, key: str = DAY, *, job: str = "report_daily") -> dg.ExecuteInProcessResult:
    return platform.defs.resolve_job_def(job).execute_in_process(
        instance=platform.instance, partition_key=key, raise_on_error=False
    )


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = [event for event in result.all_events if event.is_step_materialization]
    return {name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()}


def stored(platform: Platform, name: str, place: str = f"daily/{DAY}") -> str:
    return platform.objects.read(f"reports/quality/{place}/{name}", max_bytes=10**7).body.decode()


@pytest.mark.servers
def test_a_report_is_in_the_bucket_and_on_disk_in_three_forms(platform: Platform, report_directory: Path) -> None:
    add_history(platform.engine)
    assert make(platform).success
    report = json.loads(stored(platform, "report.json"))
    assert (
        report["counts"]["summaries"] == len(list(csv.DictReader(io.StringIO(stored(platform, "summaries.csv"))))) > 20
    )
    assert f"<title>Quality report, {DAY}</title>" in stored(platform, "report.html")
    for name in ("report.html", "report.json", "summaries.csv"):
        assert (report_directory / "quality" / "daily" / DAY / name).read_text() == stored(platform, name)


@pytest.mark.servers
def test_the_ui_gets_the_numbers_the_main_plot_and_where_the_page_is(
    platform: Platform, report_directory: Path
) -> None:
    add_history(platform.engine)
    shown = metadata(make(platform))
    assert shown["summaries"] == json.loads(stored(platform, "report.json"))["counts"]["summaries"]
    assert shown["trend"].startswith("![Mean score and number of summaries](data:image/png;base64,iVBORw0KGgo")
    assert len(shown["trend"]) < 100_000
    assert shown["page"] == str(report_directory / "quality" / "daily" / DAY / "report.html")
    assert shown["report.html"].endswith(f"/reports/quality/daily/{DAY}/report.html")


@pytest.mark.servers
def test_a_past_week_can_be_reported_on(platform: Platform) -> None:
    add_history(platform.engine)
    assert make(platform, MONDAY, job="report_weekly").success
    report = json.loads(stored(platform, "report.json", place=f"weekly/{MONDAY}"))
    assert report["window"]["label"].startswith(f"{MONDAY} to ")
    assert report["counts"]["summaries"] > 100


@pytest.mark.servers
def test_a_day_without_data_gives_a_report_that_says_so(platform: Platform) -> None:
    assert make(platform).success
    assert "No summary was written on this day." in stored(platform, "report.html")
    assert stored(platform, "summaries.csv").count("\n") == 1


@pytest.mark.servers
def test_the_days_are_those_of_the_time_zone_that_is_set(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_REPORT_TIMEZONE", "Asia/Tokyo")
    tokyo = Platform(platform.engine, platform.objects, build_defs(), platform.instance)
    assert make(tokyo).success
    window = json.loads(stored(platform, "report.json"))["window"]
    assert (window["start"], window["time_zone"]) == (f"{DAY}T00:00:00+09:00", "Asia/Tokyo")


@pytest.mark.servers
def test_what_the_pipeline_summarized_is_in_the_report_with_a_swap_test(platform: Platform) -> None:
    other = (
        "The moon pulls at the sea, and the sea rises toward it. A second bulge rises on the far side of the earth. "
        "The earth turns under both bulges once a day. So a harbour sees high water twice a day. "
        "When the sun pulls along the same line, the tides are at their highest. These are called spring tides."
    )
    assert platform.summarize(7, platform.add_video(7, snippets(TALK))).success
    assert platform.summarize(8, platform.add_video(8, snippets(other))).success
    now = datetime.now(UTC)
    made = make_report(
        platform.engine,
        Window(Period.DAILY, now.date(), "UTC"),
        generated_at=now,
        read_transcript=lambda video_id: stored_transcript(platform.objects, video_id),
        links=Links("http://127.0.0.1:3000"),
    )
    report = made.report
    assert {(each.video_id, each.title) for each in report.worst} == {(7, "Video 7"), (8, "Video 8")}
    assert {(line.model, line.summaries) for line in report.usage} == {("extractive-offline", 2)}
    assert (report.swap_test.swaps, report.swap_test.lower) == (2, 2)
    assert all(component.computed == 2 for component in report.components if component.name == "support")


@pytest.mark.servers
def test_transcripts_of_the_swap_test_are_those_that_the_asset_stored(platform: Platform) -> None:
    assert platform.summarize(7, platform.add_video(7, snippets())).success
    text = stored_transcript(platform.objects, 7)
    assert text is not None
    assert text.startswith("A bicycle hub turns on two rings of loose balls.\n")
    assert stored_transcript(platform.objects, 8) is None
    platform.objects.write("pipeline/assets/transcript/8.json", b'{"old": true}', content_type="application/json")
    assert stored_transcript(platform.objects, 8) is None


@pytest.mark.servers
def test_a_directory_that_cannot_be_written_fails_and_says_which_setting_to_change(
    platform: Platform, report_directory: Path
) -> None:
    report_directory.write_text("a file is in the way")
    result = make(platform)
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    assert "Set SUMMARY_REPORT_DIR" in (data.description or "")


@pytest.mark.servers
def test_a_failed_report_is_not_taken_for_a_failed_video(platform: Platform, report_directory: Path) -> None:
    report_directory.write_text("a file is in the way")
    run = platform.instance.get_run_by_id(make(platform).run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert not is_about_a_video(run)


def test_files_replace_those_of_an_earlier_report_and_leave_nothing_half_written(tmp_path: Path) -> None:
    for body in (b"old", b"new"):
        page = write_files(tmp_path / "daily", [ReportFile("report.html", body, "text/html")])
    assert page.read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "daily").iterdir()] == ["report.html"]


def test_both_schedules_run_by_themselves_at_night_in_the_reports_time_zone() -> None:
    repository = build_defs(settings=PipelineSettings(summary_report_timezone="Europe/Berlin")).get_repository_def()
    schedules = {
        schedule.name: (schedule.cron_schedule, schedule.execution_timezone, schedule.default_status)
        for schedule in repository.schedule_defs
        if schedule.name.startswith("quality_report_")
    }
    running = dg.DefaultScheduleStatus.RUNNING
    assert schedules == {
        "quality_report_daily_schedule": ("15 0 * * *", "Europe/Berlin", running),
        "quality_report_weekly_schedule": ("30 0 * * 1", "Europe/Berlin", running),
    }


def test_the_job_that_summarizes_a_video_makes_no_report() -> None:
    job = build_defs(settings=PipelineSettings()).resolve_job_def("summarize_video")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys}.isdisjoint(
        {"quality_report_daily", "quality_report_weekly"}
    )
