"""What the health service counts, on real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.database.dead_letters import record_dead_letters
from summary_pipeline.database.models import Video
from summary_pipeline.health import checks
from summary_pipeline.health.checks import BrokersAwayError, build_checks, build_details
from summary_pipeline.local.ports import LOOPBACK, free_port
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.defs.platform import Platform

pytestmark = pytest.mark.servers


def counted() -> dict[str, dict[str, float | int | None]]:
    return {name: dict(detail()) for name, detail in build_details(load_settings()).items()}


def test_a_quiet_platform_has_nothing_to_count(platform: Platform) -> None:
    assert platform
    assert counted() == {
        "outbox": {"unpublished": 0, "parked": 0, "oldest_seconds": None},
        "dead_letters": {"not_replayed": 0},
        "videos": {"stuck": 0, "stuck_are_counted_up_to": 1000},
    }


def test_what_waits_for_somebody_is_counted(platform: Platform) -> None:
    platform.add_video(7, None)
    with platform.engine.begin() as connection:
        ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
        connection.execute(update(Video).values(updated_at=ago))
    letter = DeadLetter(
        "video.transcribed", None, b"{", (), "VALUE_CONVERTER", "InvalidEventError", "broken", "c", 0, 1
    )
    record_dead_letters(platform.engine, [letter])
    numbers = counted()
    assert numbers["dead_letters"] == {"not_replayed": 1}
    assert numbers["videos"]["stuck"] == 1


def test_brokers_that_do_not_answer_are_named(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    assert platform
    brokers = f"{LOOPBACK}:{free_port()}"
    monkeypatch.setenv("KAFKA_BROKERS", brokers)
    monkeypatch.setattr(checks, "KAFKA_SECONDS", 0.5)
    with pytest.raises(BrokersAwayError, match=rf"^{brokers} \(KAFKA_BROKERS\): "):
        build_checks(load_settings(), {"kafka"})["kafka"]()
