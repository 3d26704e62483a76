"""Choosing the sentences that stand for a text, in any language, without a model.

Belongs here: pure functions of sentences. Does not belong here: prompts, JSON, what a summary holds (``answers``).

Sentences are ranked by continuous LexRank: G. Erkan and D. R. Radev, "LexRank: Graph-based Lexical Centrality as
Salience in Text Summarization", Journal of Artificial Intelligence Research 22 (2004), 457-479. Their similarity matrix
is the product of the sentence-term matrix with its transpose, so that each step of the power iteration is two passes
over the terms: time is linear in the text, not quadratic in its sentences. Redundancy is avoided by maximal marginal
relevance: J. Carbonell and J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
Producing Summaries", SIGIR 1998, 335-336. Topics are terms with high residual inverse document frequency: K. Church and
W. Gale, "Inverse Document Frequency (IDF): A Measure of Deviations from Poisson", Workshop on Very Large Corpora 1995.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han."""
_TERM = re.compile(rf"[{_UNSPACED}]+|[^\s{_UNSPACED}!-&(-/:-@\[-`{{-~¡¿«»،؛؟۔।、。，！？；：…“”「」『』（）《》・–—]+")
_PIECE = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]+")
_EDGES = " .,;:!?…。，；：！？、؟،؛"
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")

_DAMPING = 0.85
_STEPS = 12
_CANDIDATES = 200
_DIVERSITY = 0.4
_FULL_SENTENCE = 5.0
"""Sum of its terms' rarities from which on a sentence counts in full: below it are greetings and assent."""
_SPEAKER = re.compile(r"^[^\s:：][^:：.!?。！？]{0,40}[:：]\s*")
"""Who speaks is said again with every sentence, and is not what the sentence is about."""

Vector = dict[str, float]
Rarity = Callable[[str], float]
"""How much a term tells by itself, from 0 (it is in every conversation) to 1."""


def terms(text: str) -> list[str]:
    """Return the words of ``text`` in lower case; for scripts without spaces, pairs of neighbouring characters."""
    found: list[str] = []
    for match in _TERM.finditer(text.lower()):
        run = match.group().strip("'‘’")
        if len(run) > 1 and _UNSPACED_RUN.match(run):
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        elif run:
            found.append(run)
    return found


def without_speaker(sentence: str) -> str:
    """Return ``sentence`` without a speaker's name and colon at its start."""
    return _SPEAKER.sub("", sentence) or sentence


@dataclass(frozen=True, slots=True)
class RankedSentences:
    """Sentences as vectors (tf-idf, length 1), with the centrality of each (the highest is 1)."""

    vectors: tuple[Vector, ...]
    scores: tuple[float, ...]


def rank_sentences(sentences: Sequence[str], rarity: Rarity) -> RankedSentences:
    """Rank ``sentences`` by how much of what the others say each of them says."""
    term_lists = [terms(without_speaker(sentence)) for sentence in sentences]
    vectors = _vectors(term_lists, rarity)
    centrality = _lexrank(vectors)
    scores = [
        score * min(1.0, sum(map(rarity, set(found))) / _FULL_SENTENCE)
        for score, found in zip(centrality, term_lists, strict=True)
    ]
    highest = max(scores, default=0.0) or 1.0
    return RankedSentences(tuple(vectors), tuple(score / highest for score in scores))


def select_sentences(
    ranked: RankedSentences, count: int, *, fits: Callable[[list[int]], bool] = lambda _: True
) -> list[int]:
    """Return the indices of up to ``count`` central sentences that repeat each other little, in their order.

    ``fits`` says of a selection, in order, whether it is small enough; what does not fit is left out for a smaller one.
    """
    order = sorted(range(len(ranked.scores)), key=lambda i: -ranked.scores[i])
    candidates = order[: max(_CANDIDATES, 2 * count)]
    nearest = dict.fromkeys(candidates, 0.0)
    chosen: list[int] = []
    while len(chosen) < count and nearest:
        best = max(nearest, key=lambda i: (1 - _DIVERSITY) * ranked.scores[i] - _DIVERSITY * nearest[i])
        del nearest[best]
        if not fits(sorted([*chosen, best])):
            continue
        chosen.append(best)
        for i in nearest:
            nearest[i] = max(nearest[i], _cosine(ranked.vectors[i], ranked.vectors[best]))
    return sorted(chosen)


def select_words(sentence: str, weights: Vector, most: int) -> str:
    """Return at most ``most`` consecutive words of ``sentence``, those that weigh most (the first ones on a tie).

    Of scripts without spaces, two characters count as a word.
    """
    pieces = [match.span() for match in _PIECE.finditer(sentence)]
    if not pieces:
        return ""
    values = [sum(weights.get(term, 0.0) for term in terms(sentence[start:end])) for start, end in pieces]
    width = min(most, len(pieces))
    first = max(range(len(pieces) - width + 1), key=lambda i: sum(values[i : i + width]))
    return sentence[pieces[first][0] : pieces[first + width - 1][1]].strip(_EDGES)


def select_topics(passages: Sequence[str], count: int, rarity: Rarity) -> list[str]:
    """Return up to ``count`` rare terms, preferring those that crowd together in some of the ``passages``."""
    occurrences: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for passage in passages:
        found = _topic_terms(passage)
        occurrences.update(found)
        spread.update(set(found))
    total = max(len(passages), 1)
    scores = {
        term: times * rarity(term) * (0.1 + _residual_idf(times, spread[term], total))
        for term, times in occurrences.items()
        if times >= 2
    }
    chosen: list[str] = []
    for term in sorted(scores, key=lambda t: (-scores[t], t)):
        if len(chosen) == count:
            break
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
    return chosen


def find_boundaries(passages: Sequence[str], sections: int, rarity: Rarity) -> list[int]:
    """Return the indices of the passages with which ``sections`` sections start, the first always 0.

    Sections are about equally long; each start is moved to where the words before and after it differ most among its
    neighbours, as in M. A. Hearst, "TextTiling", Computational Linguistics 23 (1997), 33-64.
    """
    sections = max(1, min(sections, len(passages)))
    sizes = [len(passage) for passage in passages]
    vectors = _vectors([terms(passage) for passage in passages], rarity) if sections > 1 else []
    reach = max(1, len(passages) // (4 * sections))
    starts = [0]
    for wanted in range(1, sections):
        target = _index_at(sizes, sum(sizes) * wanted / sections)
        first = starts[-1] + 1
        last = max(first, min(len(passages) - (sections - wanted), target + reach))
        gaps = range(min(last, max(first, target - reach)), last + 1)
        starts.append(min(gaps, key=lambda gap: (_cohesion(vectors, gap, reach), abs(gap - target))))
    return starts


def _vectors(term_lists: Sequence[Sequence[str]], rarity: Rarity) -> list[Vector]:
    spread: Counter[str] = Counter()
    for found in term_lists:
        spread.update(set(found))
    total = len(term_lists)
    weights = {term: rarity(term) * math.log((1 + total) / times) for term, times in spread.items()}
    vectors = []
    for found in term_lists:
        vector = {term: times * weights[term] for term, times in Counter(found).items()}
        norm = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        # A term of one sentence alone weighs in the norm, but ties the sentence to no other.
        vectors.append({term: weight / norm for term, weight in vector.items() if spread[term] > 1})
    return vectors


def _lexrank(vectors: Sequence[Vector]) -> list[float]:
    total = len(vectors)
    if total == 0:
        return []
    own = [sum(weight * weight for weight in vector.values()) for vector in vectors]
    degrees = _similarity_sums(vectors, own, [1.0] * total)
    scores = [1.0 / total] * total
    for _ in range(_STEPS):
        shares = [score / degree if degree > 1e-9 else 0.0 for score, degree in zip(scores, degrees, strict=True)]
        received = _similarity_sums(vectors, own, shares)
        scores = [(1 - _DAMPING) / total + _DAMPING * value for value in received]
    return scores


def _similarity_sums(vectors: Sequence[Vector], own: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return for each sentence the sum of its similarities to all others, each times the other's share."""
    pooled: defaultdict[str, float] = defaultdict(float)
    for vector, share in zip(vectors, shares, strict=True):
        for term, weight in vector.items():
            pooled[term] += weight * share
    return [
        sum(weight * pooled[term] for term, weight in vector.items()) - self_similarity * share
        for vector, self_similarity, share in zip(vectors, own, shares, strict=True)
    ]


def _cosine(one: Vector, other: Vector) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)


def _topic_terms(passage: str) -> list[str]:
    return [
        term for term in terms(passage) if not term.isdigit() and (len(term) > 3 or bool(_UNSPACED_RUN.match(term)))
    ]


def _residual_idf(times: int, spread: int, total: int) -> float:
    """Observed idf beyond that of a word which falls into the passages at random."""
    expected = 1 - math.exp(-times / total)
    return max(0.0, math.log2(expected * total / spread))


def _cohesion(vectors: Sequence[Vector], gap: int, reach: int) -> float:
    return _cosine(_pooled(vectors[max(0, gap - reach) : gap]), _pooled(vectors[gap : gap + reach]))


def _pooled(vectors: Sequence[Vector]) -> Vector:
    pooled: defaultdict[str, float] = defaultdict(float)
    for vector in vectors:
        for term, weight in vector.items():
            pooled[term] += weight
    norm = math.sqrt(sum(weight * weight for weight in pooled.values())) or 1.0
    return {term: weight / norm for term, weight in pooled.items()}


def _index_at(sizes: Sequence[int], position: float) -> int:
    passed = 0.0
    for index, size in enumerate(sizes):
        passed += size
        if passed >= position:
            return index + 1
    return len(sizes)
