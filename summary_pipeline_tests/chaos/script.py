"""What happens in a chaos run, drawn from a seed: which events are sent and which parts are killed, when.

Belongs here: the draw, pure. Does not belong here: sending and killing (``world``, ``crashes``).
A seed fixes the script. It does not fix the run: which statement a kill interrupts is up to the machine.
"""

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_VIDEO_ID = 100_001
BAD_KEY = b"bad-"
"""How the key of a message begins that is no valid event."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_SUBJECTS = ("A lighthouse", "A canal lock", "A weaving loom", "A church organ", "A tide mill", "A cable car", "A kiln")
_DEEDS = (
    "warns those who come too near",
    "was built by hand in a single summer",
    "needs one person who never sleeps",
    "lost its first keeper in a storm",
    "runs on nothing but falling water",
    "was sold twice and never moved",
    "is older than the town around it",
    "makes a sound that carries for miles",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A transcript in the bucket."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A message for ``video.transcribed``, ``at`` seconds after the start. ``event_id`` is None for one that is bad."""

    at: float
    key: bytes
    value: bytes | None
    event_id: str | None = None
    video_id: int | None = None
    ts: datetime | None = None
    has_transcript: bool = True


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for all of a part, ``at`` seconds after the start; it is brought back ``down`` seconds later."""

    at: float
    part: str
    down: float


@dataclass(frozen=True, slots=True)
class Script:
    """All of a run. ``sent`` and ``kills`` are in the order of their times."""

    seed: int
    videos: tuple[int, ...]
    uploads: tuple[Upload, ...]
    sent: tuple[Sent, ...]
    kills: tuple[Kill, ...]

    @property
    def seconds(self) -> float:
        """When the last thing happens."""
        return max([*(message.at for message in self.sent), *(kill.at + kill.down for kill in self.kills)])


def write_script(seed: int, *, events: int, kills: int, parts: Sequence[str], seconds_per_kill: float = 6.0) -> Script:
    """Draw a run of ``events`` messages and ``kills`` kills.

    Of the messages, one in ten is no valid event, one in ten repeats an earlier one, one in twelve names a transcript
    that is not there, and one in five is a newer event about a video that had one before. Every part is killed equally
    often, in an order that is drawn.
    """
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose
    seconds = max(10.0, kills * seconds_per_kill)
    uploads: list[Upload] = []
    sent: list[Sent] = []
    videos: list[int] = []
    for number, at in enumerate(sorted(draw.uniform(0, seconds) for _ in range(events))):
        fate = draw.random()
        valid = [message for message in sent if message.event_id is not None]
        if fate < 0.1 and number:
            sent.append(_bad(draw, at))
        elif fate < 0.2 and valid:
            earlier = draw.choice(valid)
            repeat = {name: getattr(earlier, name) for name in ("key", "value", "event_id", "video_id", "ts")}
            sent.append(Sent(at, **repeat, has_transcript=earlier.has_transcript))
        else:
            newer = fate < 0.4 and bool(videos)
            video_id = draw.choice(videos) if newer else FIRST_VIDEO_ID + len(videos)
            if not newer:
                videos.append(video_id)
            key = f"transcripts/{video_id}/{number}.json"
            missing = fate > 1 - 1 / 12
            if not missing:
                uploads.append(Upload(key, _transcript(draw, video_id)))
            sent.append(_event(draw, at, video_id, key, _EPOCH + timedelta(seconds=number), has_transcript=not missing))
    return Script(seed, tuple(videos), tuple(uploads), tuple(sent), tuple(_kills(draw, kills, parts, seconds)))


def _kills(draw: random.Random, count: int, parts: Sequence[str], seconds: float) -> list[Kill]:
    targets = [parts[number % len(parts)] for number in range(count)]
    draw.shuffle(targets)
    times = sorted(draw.uniform(0, seconds) for _ in targets)
    # Half come back at once, as under a service manager; the others leave time for what needs them to notice.
    return [Kill(at, part, draw.choice((0.0, draw.uniform(0, 6)))) for at, part in zip(times, targets, strict=True)]


def _event(draw: random.Random, at: float, video_id: int, key: str, ts: datetime, *, has_transcript: bool) -> Sent:
    event_id = str(uuid.UUID(int=draw.getrandbits(128), version=4))
    payload = {"id": event_id, "videoId": video_id, "transcriptFileKey": key, "snippetCount": 8, "ts": ts.isoformat()}
    return Sent(at, str(video_id).encode(), _json(payload), event_id, video_id, ts, has_transcript)


def _bad(draw: random.Random, at: float) -> Sent:
    """Return a message that is no event. Each is unlike all others, so that it can be told where it went."""
    mark = f"{draw.getrandbits(64):016x}"
    values: list[bytes] = [
        f"not json {mark}".encode(),
        b"\xff\xfe" + mark.encode(),
        _json([mark]),
        _json({"id": mark, "videoId": 1, "transcriptFileKey": "a.json"}),
        _json({"id": str(uuid.UUID(int=draw.getrandbits(128), version=4)), "videoId": 0, "transcriptFileKey": mark}),
        _json({"id": str(uuid.UUID(int=draw.getrandbits(128), version=4)), "videoId": 7, "mark": mark}),
    ]
    return Sent(at, BAD_KEY + mark.encode(), draw.choice([*values, None]))


def _transcript(draw: random.Random, video_id: int) -> bytes:
    subject = draw.choice(_SUBJECTS)
    texts = [f"{subject}, number {video_id} of its kind, {deed}." for deed in draw.sample(_DEEDS, len(_DEEDS))]
    return _json([{"text": text, "start": 5.0 * number, "duration": 5.0} for number, text in enumerate(texts)])


def _json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    return json.dumps(value).encode()
