"""``summary-pipeline compare`` as a person calls it."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline_tests.commands.conftest import Run
from summary_pipeline_tests.report.history import AGAIN, add_history, summarize_again

pytestmark = pytest.mark.servers

BEFORE = "3f9a1c0b77de"


def test_the_terminal_shows_the_difference_its_interval_and_the_videos_to_look_at(engine: Engine, run: Run) -> None:
    add_history(engine)
    summarize_again(engine)
    result = run("compare", "--prompt-a", BEFORE, "--prompt-b", AGAIN)
    assert result.exit_code == 0, result.output
    assert "60 video(s) with a summary of each" in result.stdout
    assert "Mean difference of scores, B less A: +0." in result.stdout
    assert "B scores higher." in result.stdout
    assert "Largest losses:" in result.stdout


def test_the_page_and_the_json_are_written_where_asked(engine: Engine, run: Run, tmp_path: Path) -> None:
    add_history(engine)
    summarize_again(engine)
    result = run("compare", "--prompt-a", BEFORE, "--prompt-b", AGAIN, "--videos", "1-9,12", "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "new" / "comparison.json").read_text())["videos"] == 10
    assert "<h1>Comparison of summaries</h1>" in (tmp_path / "new" / "comparison.html").read_text()


def test_where_there_is_nothing_to_compare_the_versions_are_named(engine: Engine, run: Run) -> None:
    add_history(engine)
    result = run("compare", "--model-a", "gpt-6-luna", "--model-b", "gpt-7")
    assert result.exit_code == 1
    assert "No video has a summary of both sides." in result.stderr
    assert "model gpt-6-luna-mini, prompts b81d24e90a53" in result.stderr


def test_names_of_models_do_not_command_the_terminal(engine: Engine, run: Run) -> None:
    evil = "evil\x1b]0;title\x07"
    with engine.begin() as connection:
        rows = [{"video_id": 1, "model": model, "prompt_version": "p", "quality_score": 0.5} for model in ("m", evil)]
        connection.execute(insert(SummaryVersion), rows)
    compared = run("compare", "--model-a", "m", "--model-b", evil)
    assert compared.exit_code == 0, compared.output
    unknown = run("compare", "--model-a", "m", "--model-b", "n")
    for shown in (compared.stdout, unknown.stderr):
        assert "evil\\x1b]0;title\\x07" in shown
        assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "a side needs a model"),
        (("--model-a", "m", "--prompt-b", "p"), "overlap"),
        (("--model-a", "m", "--model-b", "n", "--videos", "one"), "'one' is neither a video id nor a range"),
    ],
)
def test_sides_that_make_no_sense_are_refused_before_anything_is_read(
    run: Run, arguments: tuple[str, ...], fault: str
) -> None:
    result = run("compare", *arguments)
    assert result.exit_code == 2
    assert fault in " ".join(result.stderr.split())


def test_a_directory_that_cannot_be_written_is_named(engine: Engine, run: Run, tmp_path: Path) -> None:
    add_history(engine)
    summarize_again(engine)
    (tmp_path / "file").write_text("")
    result = run("compare", "--prompt-a", BEFORE, "--prompt-b", AGAIN, "--out", tmp_path / "file" / "new")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr
