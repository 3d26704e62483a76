"""What has to hold for the stores once all is at rest, whatever was killed meanwhile.

Belongs here: pure functions from a snapshot to what is wrong with it. Does not belong here: reading the stores
(``snapshot``). Each invariant returns sentences that name the culprit; none means that it holds.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from summary_pipeline.contract.events import outgoing_event_id
from summary_pipeline_tests.chaos.outcomes import (
    Outcome,
    bad_places,
    is_effect,
    outcomes,
    steps_by_event,
)
from summary_pipeline_tests.chaos.snapshot import Event, Outgoing, Snapshot, Step

_FIRST_STATUS = "summarizing"
_MOVES = {
    ("summarizing", "indexing"),
    ("summarizing", "failed"),
    ("failed", "indexing"),
    ("failed", "failed"),
    # Summarized again, or nothing moved and the log says why.
    ("indexing", "indexing"),
}


def violations(snapshot: Snapshot) -> list[str]:
    """Return all that is wrong, each with the name of the invariant that it breaks."""
    return [f"{check.__name__}: {problem}" for check in INVARIANTS for problem in check(snapshot)]


def nothing_is_lost(snapshot: Snapshot) -> Iterator[str]:
    """Each valid event has had its effect, or has failed where people can see it."""
    for event_id, outcome in outcomes(snapshot).items():
        if outcome is Outcome.NONE:
            yield f"event {event_id} has neither an effect nor a failure"


def nothing_is_doubled(snapshot: Snapshot) -> Iterator[str]:
    """Each event that counts as processed does so once, for one reason, and was sent."""
    sent = {event.id for event in snapshot.events}
    steps = steps_by_event(snapshot)
    for message_id, rows in Counter(snapshot.processed).items():
        if rows > 1:
            yield f"event {message_id} is processed {rows} times"
        if message_id not in sent:
            yield f"{message_id} is processed and was never sent"
        effects = sum(is_effect(step) for step in steps[message_id])
        if effects != 1:
            yield f"event {message_id} is processed and has {effects} effects in the status log"
    for event_id, of_event in steps.items():
        if event_id not in snapshot.processed and any(is_effect(step) for step in of_event):
            yield f"event {event_id} has an effect in the status log and is not processed"


def a_failure_is_visible(snapshot: Snapshot) -> Iterator[str]:
    """A failure has a reason in the log, and a failed video says why."""
    for step in snapshot.steps:
        if not step.reason.strip():
            yield f"a step of video {step.video_id} has no reason"
    for video_id, (status, message) in snapshot.statuses.items():
        if status == "failed" and not (message or "").strip():
            yield f"video {video_id} is failed and does not say why"
        if status == "indexing" and message is not None:
            yield f"video {video_id} is summarized and still has the message of a failure"


def what_cannot_be_summarized_is_not(snapshot: Snapshot) -> Iterator[str]:
    """An event without a transcript has failed."""
    ends = outcomes(snapshot)
    for event in snapshot.events:
        if not event.has_transcript and ends[event.id] not in {Outcome.FAILED, Outcome.NONE}:
            yield f"event {event.id} has no transcript and was {ends[event.id]}"


def each_effect_has_one_outgoing_id(snapshot: Snapshot) -> Iterator[str]:
    """An outbox row belongs to one event that was summarized, and each of these has one."""
    announced: dict[str, list[str]] = defaultdict(list)
    ends = outcomes(snapshot)
    by_video: dict[int, list[Event]] = defaultdict(list)
    for event in snapshot.events:
        by_video[event.video_id].append(event)
    for row in snapshot.outbox:
        causes = [event.id for event in by_video[row.video_id] if _outgoing_id(event, row) == row.id]
        if not causes:
            yield f"outbox row {row.id} of video {row.video_id} answers no event"
        for cause in causes:
            announced[cause].append(row.id)
    for event_id, outcome in ends.items():
        wanted = 1 if outcome is Outcome.SAVED else 0
        if len(announced[event_id]) != wanted:
            yield f"event {event_id} was {outcome} and has the outgoing ids {announced[event_id]}"


def what_is_announced_is_in_kafka(snapshot: Snapshot) -> Iterator[str]:
    """Kafka holds each outbox row, as it is and perhaps several times, and nothing else."""
    rows = {row.id: row for row in snapshot.outbox}
    seen = set()
    for message in snapshot.summarized:
        payload = _payload(message.value)
        row = rows.get(str(payload.get("id")))
        if row is None:
            yield f"video.summarized[{message.partition}]@{message.offset} is no row of the outbox"
            continue
        seen.add(row.id)
        if payload != row.payload:
            yield f"event {row.id} is not in Kafka as it is in the outbox"
        if message.key != str(row.video_id).encode():
            yield f"event {row.id} of video {row.video_id} has the key {message.key!r} in Kafka"
    for row in snapshot.outbox:
        if not row.published:
            yield f"outbox row {row.id} is not published"
        if row.id not in seen:
            yield f"outbox row {row.id} is not in Kafka"


def a_videos_announcements_are_in_order(snapshot: Snapshot) -> Iterator[str]:
    """Within a video, Kafka's order is the outbox's; a repeat stands directly behind its first."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for row in snapshot.outbox:
        wanted[row.video_id].append(row.id)
    found: dict[int, list[str]] = defaultdict(list)
    for message in snapshot.summarized:
        payload = _payload(message.value)
        of_video, event_id = found[int(str(payload.get("videoId", 0)))], str(payload.get("id"))
        if of_video[-1:] != [event_id]:
            of_video.append(event_id)
    for video_id, ids in found.items():
        if ids != wanted[video_id]:
            yield f"video {video_id} was announced as {ids}, the outbox has {wanted[video_id]}"


def dead_letters_are_exactly_what_was_bad(snapshot: Snapshot) -> Iterator[str]:
    """Every bad message is in the dead-letter topic as it was, perhaps several times, and no other is.

    Beside them stand events that the sweep gave up; those have failed, or were summarized after all.
    """
    bad = bad_places(snapshot)
    ends = outcomes(snapshot)
    found = set()
    for letter in snapshot.letters:
        if letter.partition is None or letter.offset is None:
            event_id = str(_payload(letter.value).get("id"))
            if ends.get(event_id, Outcome.NONE) is Outcome.NONE:
                yield f"event {event_id} was given up, and nothing else tells of it"
            continue
        place = (letter.partition, letter.offset)
        found.add(place)
        if place not in bad:
            yield f"the dead letter of {place} was no bad message"
        elif bad[place] != (letter.key, letter.value):
            yield f"the dead letter of {place} is not what was sent"
        if not letter.reason:
            yield f"the dead letter of {place} does not say why"
    for place in sorted(bad.keys() - found):
        yield f"the bad message {place} was not dead-lettered"


def no_status_goes_backwards(snapshot: Snapshot) -> Iterator[str]:
    """The log of a video is an unbroken chain of allowed moves that ends in its status."""
    logs: dict[int, list[Step]] = defaultdict(list)
    for step in snapshot.steps:
        logs[step.video_id].append(step)
        if (step.before, step.after) not in _MOVES:
            yield f"video {step.video_id} went from {step.before} to {step.after}"
    for video_id, (status, _message) in snapshot.statuses.items():
        log = logs[video_id]
        chain = [_FIRST_STATUS, *(step.after for step in log)]
        if [step.before for step in log] != chain[:-1] or chain[-1] != status:
            yield f"video {video_id} is {status}; its log says {[(step.before, step.after) for step in log]}"


def the_newest_summary_stays(snapshot: Snapshot) -> Iterator[str]:
    """A video has a summary where one of its events was summarized, and it is that of the newest one."""
    ends = outcomes(snapshot)
    newest: dict[int, Event] = {}
    for event in snapshot.events:
        if ends[event.id] in {Outcome.SAVED, Outcome.SUPERSEDED}:
            best = newest.setdefault(event.video_id, event)
            newest[event.video_id] = max(best, event, key=lambda either: either.ts)
    stored = Counter(summary.video_id for summary in snapshot.summaries)
    for video_id in newest.keys() - stored.keys():
        yield f"video {video_id} was summarized and has no summary"
    for summary in snapshot.summaries:
        wanted = newest.get(summary.video_id)
        if wanted is None or stored[summary.video_id] != 1:
            yield f"video {summary.video_id} has {stored[summary.video_id]} summaries that no event asked for"
        elif summary.source_event != wanted.id:
            yield f"video {summary.video_id} has the summary of {summary.source_event}, the newest is {wanted.id}"


def rows_and_files_agree(snapshot: Snapshot) -> Iterator[str]:
    """What a summary's row names is there, and says the same; so does what was announced last."""
    announced = {row.video_id: row.payload for row in snapshot.outbox}
    for summary in snapshot.summaries:
        document = _payload(snapshot.objects.get(summary.path))
        if document.get("summary") != summary.text or document.get("event_id") != summary.source_event:
            yield f"{summary.path} is not what the row of video {summary.video_id} says"
        text = snapshot.objects.get(f"{summary.path.removesuffix('.json')}.txt", b"")
        if text != f"{summary.text}\n".encode():
            yield f"summary.txt of video {summary.video_id} is not what its row says"
        payload = announced.get(summary.video_id, {})
        if (payload.get("summaryText"), payload.get("summaryFileKey")) != (summary.text, summary.path):
            yield f"what was announced last of video {summary.video_id} is not what its row says"


def no_run_is_left(snapshot: Snapshot) -> Iterator[str]:
    """Every run has ended."""
    if snapshot.runs_under_way:
        yield f"{snapshot.runs_under_way} runs have not ended"


def no_sensor_fails(snapshot: Snapshot) -> Iterator[str]:
    """Every sensor's newest tick has succeeded: one that stands still would show in nothing else here."""
    for sensor in snapshot.failing_sensors:
        yield f"the newest tick of {sensor} failed"


INVARIANTS: tuple[Callable[[Snapshot], Iterator[str]], ...] = (
    nothing_is_lost,
    nothing_is_doubled,
    a_failure_is_visible,
    what_cannot_be_summarized_is_not,
    each_effect_has_one_outgoing_id,
    what_is_announced_is_in_kafka,
    a_videos_announcements_are_in_order,
    dead_letters_are_exactly_what_was_bad,
    no_status_goes_backwards,
    the_newest_summary_stays,
    rows_and_files_agree,
    no_run_is_left,
    no_sensor_fails,
)


def _outgoing_id(event: Event, row: Outgoing) -> str:
    announced = [row.video_id, row.payload.get("summaryFileKey"), row.payload.get("summaryText")]
    return outgoing_event_id(event.id, hashlib.sha256(json.dumps(announced).encode()).hexdigest())


def _payload(value: bytes | None) -> dict[str, object]:
    """Return a JSON object, empty where it is none."""
    try:
        found = json.loads(value or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
