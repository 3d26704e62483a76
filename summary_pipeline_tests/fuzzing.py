"""What the fuzz suites share: damaged documents, and a limit on the time that they may take.

``make fuzz`` runs the suites with the hypothesis profile ``fuzz``, for a long time; all else takes ``fuzz-quick``.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_COMMON: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("fuzz", max_examples=20_000, **_COMMON)
settings.register_profile("fuzz-quick", max_examples=150, **_COMMON)

fuzzed = settings.get_profile(os.environ.get("SUMMARY_FUZZ_PROFILE") or "fuzz-quick")
"""Decorates a fuzz test. Its time is bounded by ``in_time``, which knows the size of the document."""

_SECONDS_ALWAYS = 2.0
"""For a machine that is busy with something else."""
_SECONDS_PER_MEGABYTE = 30.0

HOSTILE_PIECES: Sequence[bytes] = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"\\ud800",
    b"\\u0000",
    b"\\",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"1e999",
    b"-0",
    b"NaN",
    b"Infinity",
    b"null",
    b"true",
    b"-->",
    b"\r\n\r\n",
    b"<",
    b"&#xD800;",
    b"&",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    "１２".encode(),
    b"../",
    b"' OR 1=1; --",
    b"<script>",
)


def bombs() -> st.SearchStrategy[bytes]:
    """Return small recipes for large documents: nesting, huge numbers, long strings, many keys."""
    depth = st.integers(1, 20_000)
    return st.one_of(
        depth.map(lambda n: b"[" * n),
        depth.map(lambda n: b"[" * n + b"]" * n),
        depth.map(lambda n: b'{"a":' * n + b"1" + b"}" * n),
        depth.map(lambda n: b'{"snippets":[' * n),
        depth.map(lambda n: b"9" * n),
        depth.map(lambda n: b'{"videoId":-' + b"9" * n + b"}"),
        depth.map(lambda n: b'{"videoId":0.' + b"0" * n + b"1}"),
        depth.map(lambda n: b'{"videoId":1e' + b"9" * (n % 400 + 1) + b"}"),
        depth.map(lambda n: b'{"id":"' + b"a" * (n * 20) + b'"}'),
        depth.map(lambda n: b'[{"text":"' + b"\\u0000" * n + b'"}]'),
        depth.map(lambda n: b'[{"text":"' + b"\\ud83d" * n + b'"}]'),
        depth.map(lambda n: b"{" + b'"a":1,' * n + b'"a":2}'),
        depth.map(lambda n: b"[" + b"{}," * n + b"{}]"),
        depth.map(lambda n: b"(((" * n + b"a"),
        depth.map(lambda n: b"&amp;" * n + b"<v " * n),
        depth.map(lambda n: b"00:00:01.000 --> " * n),
        depth.map(lambda n: b"WEBVTT\n\n" + b"00:01.000 --> 00:02.000\na\n\n" * (n % 2000)),
    )


@st.composite
def damaged(draw: st.DrawFn, documents: Sequence[bytes]) -> bytes:
    """Draw one of ``documents``, with up to six cuts, insertions, replacements and repetitions."""
    data = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(HOSTILE_PIECES) | st.binary(max_size=8))
        change = draw(st.sampled_from(["cut", "insert", "replace", "repeat", "end"]))
        if change == "cut":
            data = data[:start] + data[end:]
        elif change == "insert":
            data = data[:start] + piece + data[start:]
        elif change == "replace":
            data = data[:start] + piece + data[end:]
        elif change == "repeat":
            data = data[:end] + data[start:end] * draw(st.integers(1, 50)) + data[end:]
        else:
            data = data[:start]
    return data


def json_texts(names: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Return JSON of any shape, in which the fields ``names`` stand often, and which may hold lone surrogates."""
    anything = st.text(st.characters(exclude_categories=()), max_size=12)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | anything
    values = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(list(names)) | anything, inner, max_size=6)
        ),
        max_leaves=20,
    )
    return values.map(lambda value: json.dumps(value).encode())


@contextmanager
def in_time(size: int) -> Iterator[None]:
    """Fail where the body takes longer than its ``size`` in bytes allows."""
    started = time.process_time()
    yield
    taken, allowed = time.process_time() - started, _SECONDS_ALWAYS + size / 1e6 * _SECONDS_PER_MEGABYTE
    assert taken < allowed, f"{taken:.1f} s for {size} bytes; {allowed:.1f} s are allowed"
