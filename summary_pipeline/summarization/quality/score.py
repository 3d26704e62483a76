"""The score of a summary: its components, the flags that lower it, and how they are put together.

Belongs here: the result, and the few weights and factors. Does not belong here: how anything is measured.

``score = base * (1 - cost * wrong names) * (1 - cost * wrong numbers) * the flags' factors``, where base is the
weighted mean of the components that can be computed. Weights and factors are round numbers chosen by hand;
docs/quality.md says what they were looked at on.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from summary_pipeline.summarization.quality import artefacts, comparison, documents, facts, form, languages, text_units
from summary_pipeline.summarization.quality.documents import Source, Summary
from summary_pipeline.summarization.quality.languages import Languages
from summary_pipeline.summarization.quality.meanings import COMPONENTS, FLAGS
from summary_pipeline.summarization.quality.text_units import Units

SCORER: Final = "summary-pipeline-offline/4"
"""Name and version. The version changes whenever the same texts could score otherwise."""

_WEIGHTS: Final = {
    "content_coverage": (2.0, 2.0),
    "timeline_coverage": (0.0, 1.0),
    "support": (2.0, 2.0),
    "conciseness": (2.0, 3.0),
    "order": (2.0, 0.5),
    "form": (2.0, 1.0),
}
"""In short edited prose, and in speech or a long source; between the two by ``Source.speech``.

Prose is too short to have a timeline, and says first what matters most. In speech, sentences of a summary are hard to
place.
"""
_FACTORS: Final = {
    "empty": 0.0,
    "empty_source": 0.0,
    "refusal": 0.1,
    "leaked_prompt": 0.3,
    "map_leftovers": 0.5,
    "preamble": 0.8,
    "wrong_language": 0.15,
    "too_short": 0.2,
    "too_long": 0.4,
    "repetition": 0.5,
    "word_salad": 0.2,
    "off_topic": 0.5,
    "copied": 0.5,
    "direct_speech": 0.7,
    "may_be_truncated": 0.5,
}
_NO_FULL_STOP = {"prose": 0.85, "speech": 0.6}
"""What is left where only a full stop is missing. People hardly mind, but answers that were cut end so too."""
_WRONG_FACTS_COST = {"prose": 0.15, "speech": 0.25}
"""What all wrong names, and all wrong numbers, take away."""
_COPY_SHARE = 0.9
_LEAST_COPIED_UNITS = 10
_OPENING = 150
"""Units that an opening may have."""
_OPENING_STARTS = 30
"""Units from the start of prose within which a copy counts as of the opening: a first sentence may be left out."""
_OPENING_FADES = 60
"""Units behind these at which nothing is left of what an opening is forgiven: some three sentences."""


class QualityScore(BaseModel):
    """What the offline scorer says of a summary. ``model_dump(mode="json")`` is what is stored with the summary."""

    model_config = ConfigDict(frozen=True)

    score: float = Field(ge=0, le=1)
    components: dict[str, float | None]
    """Each of ``COMPONENTS``, from 0 to 1; None where it can't be computed or there is nothing to check."""
    flags: tuple[str, ...]
    """What was found, of ``FLAGS``, gravest first."""
    evidence: dict[str, tuple[str, ...]]
    """Words of the summary that show why, for flags that rest on some."""
    scorer: str = SCORER


@dataclass(frozen=True, slots=True)
class _Texts:
    source: Source
    summary: Summary
    language: str | None
    """The summary's language, where it is known."""
    wrong_language: bool
    translated: bool

    @property
    def comparable(self) -> bool:
        return not self.wrong_language and not self.translated


@dataclass(slots=True)
class _Findings:
    """Collected while measuring. ``factors`` holds every flag that was raised, with what it leaves of the score."""

    components: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(COMPONENTS))
    factors: dict[str, float] = field(default_factory=dict)
    speech: float = 0.0
    wrong_facts_cost: float = 0.0
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def flag(self, name: str, *evidence: str) -> None:
        self.factors[name] = _FACTORS.get(name, 1.0)
        if evidence:
            self.evidence[name] = evidence


def score_summary(source_text: str, summary_text: str, *, language: str | None = None) -> QualityScore:
    """Score a summary against its source, offline and deterministically.

    Args:
        source_text: the transcript, a snippet a line.
        summary_text: the summary, plain text or a list.
        language: the one that the summary should be in, as a BCP 47 tag or an English name; None for the source's own.

    Returns:
        The score with everything it is made of. No input raises.
    """
    summary = documents.read_summary(text_units.normalized(summary_text))
    source = text_units.normalized(source_text)
    units = text_units.cut(source)
    findings = _Findings()
    if not summary.sentences:
        findings.flag("empty")
    elif not len(units):
        findings.flag("empty_source")
    else:
        texts = _read(source, units, summary, language)
        findings.speech = texts.source.speech
        findings.wrong_facts_cost = documents.enough(texts.source, **_WRONG_FACTS_COST)
        _judge_writing(texts, findings)
        _judge_facts(texts, findings)
        if texts.comparable:
            _compare(texts, findings)
    return QualityScore(
        score=_combined(findings),
        components={name: None if value is None else round(value, 4) for name, value in findings.components.items()},
        flags=tuple(flag for flag in FLAGS if flag in findings.factors),
        evidence=findings.evidence,
    )


def _read(source_text: str, units: Units, summary: Summary, wanted: str | None) -> _Texts:
    spoken = languages.detect(units)
    written = languages.detect(summary.units)
    expected = languages.primary_tag(wanted) if wanted and wanted.strip() else None
    wrong = _is_wrong(written, spoken, expected)
    translated = (
        not wrong
        and expected is not None
        and bool(spoken.spoken)
        and not languages.share_one(frozenset({expected}), spoken.spoken)
    )
    known = written.main
    if known is None and not wrong:
        known = expected or (None if translated else spoken.main)
    source = documents.read_source(units, source_text, summary, known if known in spoken.spoken else spoken.main)
    return _Texts(source, summary, known, wrong, translated)


def _is_wrong(written: Languages, spoken: Languages, expected: str | None) -> bool:
    """Say whether the summary is certainly in another language than it should be."""
    should_be = frozenset({expected}) if expected is not None else spoken.spoken
    if written.spoken and should_be:
        return not languages.share_one(written.spoken, should_be)
    return expected is None and bool(written.scripts and spoken.scripts) and not written.scripts & spoken.scripts


def _judge_writing(texts: _Texts, findings: _Findings) -> None:
    """Judge what needs no comparison with the source's content: artefacts, language, length, repetition, end."""
    source, summary, limits = texts.source, texts.summary, form.length_limits(texts.source)
    ending = form.ending(summary, texts.language, source)
    if comparison.ends_like_source(source, summary):
        ending = form.Ending.FINISHED
    findings.components["conciseness"] = form.conciseness(source, summary)
    findings.components["form"] = form.form(source, summary, texts.language)
    for flag, words in artefacts.find_artefacts(source, summary).items():
        findings.flag(flag, *words)
    verdicts = {
        "wrong_language": texts.wrong_language,
        "translated": texts.translated,
        "language_unknown": texts.language is None and not texts.wrong_language,
        "too_short": summary.words < limits.least,
        "too_long": summary.words > limits.most,
        "repetition": form.repeats_itself(summary),
        "direct_speech": (form.direct_speech(summary, texts.language) or 0.0) > form.MOST_DIRECT_SPEECH,
        "may_be_truncated": ending is not form.Ending.FINISHED,
    }
    for flag, holds in verdicts.items():
        if holds:
            findings.flag(flag)
    if "direct_speech" in findings.factors:
        findings.factors["direct_speech"] = _milder(source, _FACTORS["direct_speech"])
    if ending is form.Ending.OPEN:
        findings.factors["may_be_truncated"] = documents.enough(source, **_NO_FULL_STOP)


def _judge_facts(texts: _Texts, findings: _Findings) -> None:
    """Judge names and numbers. Numbers survive a translation, names may be spelled otherwise."""
    source, summary, language = texts.source, texts.summary, texts.language
    judged = {
        "names": facts.check_names(source, summary, language) if texts.comparable else facts.Facts(None, checked=False),
        "numbers": facts.check_numbers(source, summary, language),
    }
    for kind, found in judged.items():
        findings.components[kind] = found.score
        if found.unbacked:
            findings.flag(f"unbacked_{kind}", *found.unbacked)
        if not found.checked:
            findings.flag(f"{kind}_not_checked")


def _compare(texts: _Texts, findings: _Findings) -> None:
    """Judge what compares the words of the two texts."""
    source, summary = texts.source, texts.summary
    located = comparison.locate(source, summary)
    covered = _level(comparison.likeness(source, summary), documents.enough(source, prose=0.8, speech=0.25, brief=0.5))
    topics = comparison.topics(source, summary)
    vocabulary = comparison.vocabulary(source, summary)
    support = _support(source, summary, vocabulary, located)
    findings.components["content_coverage"] = covered
    if topics is not None:
        told = _level(topics, documents.enough(source, prose=1.0, speech=0.6, brief=1.0))
        findings.components["content_coverage"] = (covered + told) / 2
    findings.components["timeline_coverage"] = comparison.timeline_coverage(located) if located else None
    findings.components["support"] = support
    findings.components["order"] = comparison.order(located)
    if support is not None and covered < 0.3 and support < 0.5:
        findings.flag("off_topic")
    if (vocabulary or 0.0) >= 0.5 and comparison.is_word_salad(source, summary):
        findings.flag("word_salad")
    copy = comparison.longest_copy(source, summary)
    if copy.share >= _COPY_SHARE and copy.units >= _LEAST_COPIED_UNITS:
        findings.flag("copied")
        findings.factors["copied"] = _factor_of_copy(source, copy)


def _support(
    source: Source, summary: Summary, vocabulary: float | None, located: list[comparison.Located]
) -> float | None:
    """Return how far words, phrases (which weigh double) and statements are backed, each full at what is enough."""
    statements = sum(sentence.backed for sentence in located) / len(located) if located else None
    measured = (
        (
            1.0,
            vocabulary,
            documents.enough(source, prose=0.6, speech=0.3),
            documents.enough(source, prose=1.0, speech=0.85),
        ),
        (2.0, comparison.phrases(source, summary), 0.0, documents.enough(source, prose=0.95, speech=0.1)),
        (1.0, statements, 0.0, documents.enough(source, prose=0.7, speech=0.35)),
        (documents.enough(source, prose=2.0, speech=0.0), comparison.whole_sentences(source, summary), 0.0, 1.0),
    )
    levels = [(weight, _level(value, full, none)) for weight, value, none, full in measured if value is not None]
    return sum(weight * level for weight, level in levels) / sum(weight for weight, _ in levels) if levels else None


def _factor_of_copy(source: Source, copy: comparison.Copy) -> float:
    """Return what a verbatim stretch leaves of the score: in edited prose the more, the nearer it is to the opening.

    Prose sums itself up in its opening, and people rate an opening that is copied whole like a summary. Speech does no
    such thing, nor does a captioned talk, however much like prose it reads.
    """
    beyond = max(0, copy.at - _OPENING_STARTS, copy.at + copy.units - _OPENING)
    distance = min(1.0, beyond / _OPENING_FADES)
    return 1 - (1 - _milder(source, _FACTORS["copied"])) * max(source.speech, distance, float(source.captioned))


def _milder(source: Source, factor: float) -> float:
    """Return a factor for what was said and not reported: in a brief exchange, single lines may tell the most of it."""
    return factor + (1 - factor) * source.brief / 2


def _level(value: float, full: float, none: float = 0.0) -> float:
    return min(1.0, max(0.0, (value - none) / (full - none)))


def _combined(findings: _Findings) -> float:
    components = findings.components
    weights = {
        name: prose + (speech - prose) * findings.speech
        for name, (prose, speech) in _WEIGHTS.items()
        if components[name] is not None
    }
    if not weights:
        return 0.0
    base = sum(weight * (components[name] or 0.0) for name, weight in weights.items()) / sum(weights.values())
    for kind in ("names", "numbers"):
        backed = components[kind]
        if backed is not None:
            base *= 1 - findings.wrong_facts_cost * (1 - backed)
    # In the flags' own order, so that rounding is the same whatever order they were found in.
    factors = (findings.factors[flag] for flag in FLAGS if flag in findings.factors)
    return round(min(1.0, max(0.0, base * math.prod(factors))), 6)
