"""Each invariant holds for a sound snapshot and fails for one that is broken in its way."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from summary_pipeline.contract.events import outgoing_event_id
from summary_pipeline_tests.chaos.invariants import INVARIANTS, violations
from summary_pipeline_tests.chaos.outcomes import Outcome, outcomes, unsettled
from summary_pipeline_tests.chaos.snapshot import (
    Event,
    Letter,
    Message,
    Outgoing,
    Snapshot,
    Step,
    StoredSummary,
)

OLDER = Event("00000000-0000-4000-8000-000000000001", 1, datetime(2026, 1, 1, tzinfo=UTC))
NEWER = Event("00000000-0000-4000-8000-000000000002", 1, datetime(2026, 1, 2, tzinfo=UTC))
LATE = Event("00000000-0000-4000-8000-000000000003", 1, datetime(2025, 1, 1, tzinfo=UTC))
MISSING = Event("00000000-0000-4000-8000-000000000004", 2, datetime(2026, 1, 1, tzinfo=UTC), has_transcript=False)


def announcement(event: Event, text: str) -> Outgoing:
    path = f"summaries/{event.video_id}/summary.json"
    announced = hashlib.sha256(json.dumps([event.video_id, path, text]).encode()).hexdigest()
    event_id = outgoing_event_id(event.id, announced)
    payload = {"id": event_id, "videoId": event.video_id, "summaryFileKey": path, "summaryText": text}
    return Outgoing(event_id, event.video_id, payload, published=True)


def in_kafka(*rows: Outgoing) -> tuple[Message, ...]:
    return tuple(
        Message(0, offset, str(row.video_id).encode(), json.dumps(row.payload).encode())
        for offset, row in enumerate(rows)
    )


FIRST, SECOND = announcement(OLDER, "The first."), announcement(NEWER, "The second.")
BAD = Message(3, 9, b"bad-1", b"no event")

SOUND = Snapshot(
    events=(OLDER, NEWER, LATE, MISSING),
    statuses={1: ("indexing", None), 2: ("failed", "s3://videos/2 does not exist.")},
    processed=(OLDER.id, NEWER.id, LATE.id),
    summaries=(StoredSummary(1, "The second.", "summaries/1/summary.json", NEWER.id),),
    steps=(
        Step(1, "summarizing", "indexing", "summarized", OLDER.id),
        Step(2, "summarizing", "failed", "s3://videos/2 does not exist.", MISSING.id),
        Step(1, "indexing", "indexing", "summarized", NEWER.id),
        Step(1, "indexing", "indexing", f"superseded: the summary is from the newer event {NEWER.id}", LATE.id),
    ),
    outbox=(FIRST, SECOND),
    objects={
        "summaries/1/summary.json": json.dumps({"summary": "The second.", "event_id": NEWER.id}).encode(),
        "summaries/1/summary.txt": b"The second.\n",
    },
    transcribed=(Message(1, 0, b"1", b'{"id": "an event"}'), BAD),
    # A relay that died between acknowledgement and commit has sent one of them twice.
    summarized=in_kafka(FIRST, FIRST, SECOND),
    letters=(Letter(BAD.partition, BAD.offset, BAD.key, BAD.value, "not_json: no"),) * 2,
    runs_under_way=0,
    failing_sensors=(),
)


def without_last_step(snapshot: Snapshot, event: Event) -> Snapshot:
    return snapshot.copy(steps=tuple(step for step in snapshot.steps if step.event_id != event.id))


def with_step(number: int, **changes: str) -> Snapshot:
    steps = list(SOUND.steps)
    steps[number] = replace(steps[number], **changes)  # type: ignore[arg-type]  # the fields that are texts
    return SOUND.copy(steps=tuple(steps))


def with_letter(**changes: object) -> Snapshot:
    return SOUND.copy(letters=(replace(SOUND.letters[0], **changes),))  # type: ignore[arg-type]


def given_up(event_id: str) -> Letter:
    return Letter(None, None, b"2", json.dumps({"id": event_id}).encode(), "3 runs ended without a result")


BROKEN: dict[str, list[Snapshot]] = {
    "nothing_is_lost": [
        SOUND.copy(processed=(OLDER.id, NEWER.id)),
        without_last_step(SOUND, MISSING),
        with_step(1, reason=""),
        SOUND.copy(events=(*SOUND.events, replace(NEWER, id="never seen again"))),
    ],
    "nothing_is_doubled": [
        SOUND.copy(processed=(*SOUND.processed, OLDER.id)),
        SOUND.copy(processed=(*SOUND.processed, "an event that nobody sent")),
        SOUND.copy(steps=(*SOUND.steps, replace(SOUND.steps[2], before="indexing"))),
        without_last_step(SOUND, NEWER),
        SOUND.copy(processed=(OLDER.id, LATE.id)),
    ],
    "a_failure_is_visible": [
        SOUND.copy(statuses={**SOUND.statuses, 2: ("failed", None)}),
        SOUND.copy(statuses={**SOUND.statuses, 2: ("failed", " ")}),
        SOUND.copy(statuses={**SOUND.statuses, 1: ("indexing", "was once failed")}),
        with_step(1, reason=" "),
    ],
    "what_cannot_be_summarized_is_not": [SOUND.copy(events=(replace(OLDER, has_transcript=False), *SOUND.events[1:]))],
    "each_effect_has_one_outgoing_id": [
        SOUND.copy(outbox=(FIRST,)),
        SOUND.copy(outbox=(FIRST, SECOND, announcement(NEWER, "The second, put otherwise."))),
        SOUND.copy(outbox=(FIRST, SECOND, announcement(LATE, "Superseded and announced."))),
        SOUND.copy(outbox=(FIRST, SECOND, announcement(MISSING, "Failed and announced."))),
        SOUND.copy(outbox=(FIRST, replace(SECOND, id=FIRST.id[::-1]))),
    ],
    "what_is_announced_is_in_kafka": [
        SOUND.copy(summarized=in_kafka(FIRST)),
        SOUND.copy(summarized=in_kafka(FIRST, SECOND, announcement(LATE, "From nowhere."))),
        SOUND.copy(summarized=in_kafka(FIRST, replace(SECOND, payload={**SECOND.payload, "summaryText": "Other."}))),
        SOUND.copy(summarized=(*in_kafka(FIRST), replace(in_kafka(SECOND)[0], key=b"2"))),
        SOUND.copy(summarized=(*SOUND.summarized, Message(0, 9, b"1", b"no JSON"))),
        SOUND.copy(outbox=(FIRST, replace(SECOND, published=False))),
    ],
    "a_videos_announcements_are_in_order": [
        SOUND.copy(summarized=in_kafka(SECOND, FIRST)),
        SOUND.copy(summarized=in_kafka(FIRST, SECOND, FIRST)),
    ],
    "dead_letters_are_exactly_what_was_bad": [
        SOUND.copy(letters=()),
        with_letter(offset=8),
        with_letter(value=b"something else"),
        with_letter(key=None),
        with_letter(reason=""),
        SOUND.copy(letters=(*SOUND.letters, given_up("an event that nobody sent"))),
        SOUND.copy(letters=(given_up(MISSING.id),)),
    ],
    "no_status_goes_backwards": [
        SOUND.copy(statuses={**SOUND.statuses, 1: ("summarizing", None)}),
        SOUND.copy(statuses={**SOUND.statuses, 3: ("indexing", None)}),
        with_step(3, after="failed"),
        with_step(2, before="failed"),
        SOUND.copy(
            statuses={1: ("failed", "no"), 2: SOUND.statuses[2]},
            steps=(*SOUND.steps, Step(1, "indexing", "failed", "no", OLDER.id)),
        ),
    ],
    "the_newest_summary_stays": [
        SOUND.copy(summaries=()),
        SOUND.copy(summaries=SOUND.summaries * 2),
        SOUND.copy(summaries=(replace(SOUND.summaries[0], source_event=OLDER.id),)),
        SOUND.copy(summaries=(*SOUND.summaries, StoredSummary(2, "Made up.", "summaries/2/summary.json", MISSING.id))),
    ],
    "rows_and_files_agree": [
        SOUND.copy(objects={}),
        SOUND.copy(objects={**SOUND.objects, "summaries/1/summary.txt": b"The first.\n"}),
        SOUND.copy(objects={**SOUND.objects, "summaries/1/summary.json": b'{"summary": "The first."}'}),
        SOUND.copy(objects={**SOUND.objects, "summaries/1/summary.json": b'{"summary": "The sec'}),
        SOUND.copy(summaries=(replace(SOUND.summaries[0], text="The first."),)),
        SOUND.copy(outbox=(SECOND, FIRST)),
    ],
    "no_run_is_left": [SOUND.copy(runs_under_way=1)],
    "no_sensor_fails": [SOUND.copy(failing_sensors=("failed_summary_sensor",))],
}


def test_a_sound_snapshot_violates_nothing() -> None:
    assert violations(SOUND) == []
    assert unsettled(SOUND) == []


def test_an_event_that_was_given_up_and_has_failed_may_stand_among_the_dead_letters() -> None:
    assert violations(SOUND.copy(letters=(*SOUND.letters, given_up(MISSING.id)))) == []


def test_every_invariant_is_tried_on_broken_snapshots() -> None:
    assert set(BROKEN) == {invariant.__name__ for invariant in INVARIANTS}


@pytest.mark.parametrize(
    ("invariant", "broken"),
    [
        pytest.param(invariant, broken, id=f"{invariant.__name__}-{number}")
        for invariant in INVARIANTS
        for number, broken in enumerate(BROKEN[invariant.__name__])
    ],
)
def test_a_broken_snapshot_is_found_out(invariant: Callable[[Snapshot], object], broken: Snapshot) -> None:
    assert any(problem.startswith(f"{invariant.__name__}: ") for problem in violations(broken))


def test_what_became_of_each_event_is_told() -> None:
    assert outcomes(SOUND) == {
        OLDER.id: Outcome.SAVED,
        NEWER.id: Outcome.SAVED,
        LATE.id: Outcome.SUPERSEDED,
        MISSING.id: Outcome.FAILED,
    }


@pytest.mark.parametrize(
    "unfinished",
    [
        SOUND.copy(processed=(OLDER.id, NEWER.id), steps=SOUND.steps[:3]),
        SOUND.copy(outbox=(FIRST, replace(SECOND, published=False))),
        SOUND.copy(letters=()),
        SOUND.copy(runs_under_way=2),
    ],
)
def test_what_is_still_to_come_is_waited_for(unfinished: Snapshot) -> None:
    assert len(unsettled(unfinished)) == 1
