"""``summary-pipeline batches`` as a person calls it."""

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline_tests.commands.conftest import Run

pytestmark = pytest.mark.servers


def test_what_a_provider_answered_does_not_command_the_terminal(engine: Engine, run: Run) -> None:
    row = {"state": "submitted", "video_ids": [1, 2], "backfill_id": "b", "batch_id": "b\x1b[2J", "requests": 5}
    with engine.begin() as connection:
        connection.execute(insert(AnswerBatch).values(**row, note="Refused: \x1b]0;title\x07"))
    result = run("batches")
    assert result.exit_code == 0, result.output
    assert "submitted as b\\x1b[2J since" in result.stdout
    assert "2 videos of backfill b, 5 requests. Refused: \\x1b]0;title\\x07\n1 open batch(es)." in result.stdout
    assert "\x1b" not in result.stdout
