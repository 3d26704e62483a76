"""Many ways to break a good summary, to see whether the broken copy scores below it.

Belongs here: making the copies. Does not belong here: scoring and counting (``quality_calibration``). Each draws its
random numbers from a seed, so that a table can be printed again.
"""

import re
from collections.abc import Callable, Iterator
from random import Random

from summary_pipeline.summarization.sentences import join_sentences, split_sentences
from summary_pipeline_tests.summarization.quality.breakages import seeded

INVENTED = ("Kowalski", "Okafor", "Lindqvist", "Castellanos", "Nakamura", "Rosenthal", "Dubrovnik", "Wexford")
NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "forty")
REFUSALS = (
    "I'm sorry, but I can't summarize this content.",
    "I apologize, but I am unable to process this transcript.",
    "As an AI language model, I don't have access to the video.",
    "I cannot fulfill this request because the text contains sensitive material.",
    "Unfortunately, I'm not able to help with that. Please provide the full transcript and I will gladly try again.",
    "Sorry, I can't assist with that request.",
    "I do not have enough information to write a summary. Could you share the transcript?",
    "There is no transcript in your message. Please paste the text you would like me to summarize.",
    "My guidelines don't allow me to summarize this material.",
    "As a large language model, I cannot watch videos or listen to audio.",
    "It seems that the transcript is missing. Once you provide it, I'll be happy to summarize it for you.",
    "I won't be able to provide a summary of this conversation.",
)
PROMPTS = (
    "Summarize the following transcript in 4 to 6 sentences.",
    "You are a helpful assistant that summarizes video transcripts.",
    "Your task is to write a concise summary of the text below.",
    "Write a summary of this transcript. Do not include any opinions.",
    "System: You are an expert summarizer. Respond only with the summary.",
    "<|im_start|>system You summarize meetings.<|im_end|>",
    "### Instruction: Summarize the meeting. ### Response:",
    "[INST] Please summarize the conversation [/INST]",
    "Please provide a brief summary of the above text in five sentences.",
    "Rules: be factual, do not add information that is not in the transcript, and keep it under 150 words.",
    "TL;DR of the text delimited by triple backticks:",
    "Here is the transcript to be summarized: {transcript}",
    "Return a JSON object with the keys summary and points.",
    "Use only facts from the transcript and answer in the same language as the transcript.",
)
LEFTOVERS = (
    "Chunk {n}: {s}",
    "Part {n}: {s}",
    "[Chunk {n}/7] {s}",
    "Summary of chunk {n}: {s}",
    "Section {n} - {s}",
    "(Part {n} of 5) {s}",
    "**Segment {n}:** {s}",
    "## Chunk {n}\n{s}",
    "--- chunk {n} ---\n{s}",
    "In this chunk, {s}",
)
FOREIGN = {
    "German": "Die Gruppe sprach über den neuen Plan und die Frage, wer ihn bezahlen soll. Am Ende einigte man sich "
    "darauf, im Herbst noch einmal zusammenzukommen. Bis dahin sollen alle ihre Vorschläge schriftlich "
    "einreichen. Ein Teil der Kosten wird von der Stadt getragen, der andere von den Vereinen.",
    "French": "Le groupe a discuté du nouveau projet et de la question de son financement. À la fin, ils ont décidé de "
    "se revoir à l'automne. D'ici là, chacun doit envoyer ses propositions par écrit. Une partie des frais "
    "sera payée par la ville, l'autre par les associations.",
    "Spanish": "El grupo habló del nuevo proyecto y de quién debe pagarlo. Al final decidieron volver a reunirse en "
    "otoño. Hasta entonces todos tienen que enviar sus propuestas por escrito. Una parte de los gastos la "
    "paga la ciudad y la otra las asociaciones.",
    "Chinese": "小组讨论了新的计划以及由谁来支付费用的问题。最后大家决定秋天再开一次会。"
    "在那之前每个人都要把建议写下来交上。一部分费用由市里承担，另一部分由各个协会承担。",
    "Arabic": "ناقشت المجموعة الخطة الجديدة ومن الذي يجب أن يدفع ثمنها. في النهاية قرروا أن يجتمعوا مرة أخرى في "
    "الخريف. حتى ذلك الحين يجب على الجميع إرسال مقترحاتهم مكتوبة. تدفع المدينة جزءا من التكاليف وتدفع "
    "الجمعيات الجزء الآخر.",
    "Russian": "Группа обсудила новый план и вопрос о том, кто должен за него платить. В конце они решили встретиться "
    "ещё раз осенью. До этого все должны прислать свои предложения в письменном виде. Часть расходов оплатит "
    "город, а остальное оплатят общества.",
}
"""Of nothing in particular, as a model answers in its own language."""


def gross(source: str, summary: str, others: list[str], seed: int) -> Iterator[tuple[str, str]]:
    """Yield kinds of gross breakage with a broken copy each. ``others`` are summaries of other sources."""
    drawn = seeded(seed)
    for other in drawn.sample(others, min(3, len(others))):
        yield "another source's summary", other
    yield from _cuts(summary)
    yield from _repeated(summary, drawn)
    yield from _shuffled(source, summary, drawn)
    yield from _lengths(source, summary, drawn)
    yield from _stretches(source, summary, drawn)
    yield from _of_the_making(summary, drawn)
    for text in FOREIGN.values():
        yield "wrong language", text


def wrong_facts(source: str, summary: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yield copies of a summary with one number or one name changed."""
    drawn = seeded(seed)
    numbers = list(re.finditer(r"\d+(?:[.,]\d+)*", summary))
    if numbers:
        for change in (_next_digit, _other_digit, _ten_times):
            found = drawn.choice(numbers)
            changed = change(found.group(), drawn)
            yield "a changed number", summary[: found.start()] + changed + summary[found.end() :]
    words = list(re.finditer(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", summary))
    if words:
        found = drawn.choice(words)
        other = drawn.choice([word for word in NUMBER_WORDS if word != found.group()])
        yield "a changed number word", summary[: found.start()] + other + summary[found.end() :]
    all_names = names_of(source)
    names = sorted(name for name in all_names if re.search(rf"\b{name}\b", summary, re.IGNORECASE))
    if not names:
        return
    for _ in range(2):
        name = drawn.choice(names)
        yield "an invented name", _renamed(summary, name, drawn.choice(INVENTED))
    inside = sorted(name for name in all_names if name not in names)
    if inside:
        yield "another name of the source", _renamed(summary, drawn.choice(names), drawn.choice(inside))
    if len(names) > 1:
        one, other = drawn.sample(names, 2)
        yield "two names swapped", _renamed(_renamed(_renamed(summary, one, "Qqqq"), other, one), "Qqqq", other)


def names_of(source: str) -> set[str]:
    """Return words that the source writes with a capital within sentences, and never without one."""
    capitals = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}", source))
    small = set(re.findall(r"\b[a-z]{4,}\b", source))
    return {name for name in capitals if name.lower() not in small}


def _renamed(summary: str, name: str, other: str) -> str:
    capital = re.search(rf"\b{name}\b", summary) is not None
    return re.sub(rf"\b{name}\b", other if capital else other.lower(), summary, flags=re.IGNORECASE)


def _cuts(summary: str) -> Iterator[tuple[str, str]]:
    words = summary.split()
    for share in (0.2, 0.35, 0.5, 0.65, 0.8, 0.9):
        kept = " ".join(words[: max(1, int(share * len(words)))]).rstrip(" .,;:!?'\"")
        yield "cut at a word", kept
        yield "cut at a character", summary[: int(share * len(summary))]
        yield "cut, full stop put", f"{kept}."
    yield "cut, ellipsis put", " ".join(words[: int(0.6 * len(words))]) + "..."
    sentences = split_sentences(summary)
    if len(sentences) > 1:
        yield "first sentence alone", sentences[0]
        for share in (0.4, 0.6):
            yield "cut at a sentence's end", join_sentences(sentences[: max(1, int(share * len(sentences)))])


def _repeated(summary: str, drawn: Random) -> Iterator[tuple[str, str]]:
    sentences = split_sentences(summary)
    words = summary.split()
    yield "looping", join_sentences([summary, *[sentences[-1]] * drawn.choice((2, 3, 6, 20))])
    yield "looping", join_sentences([sentences[0]] * len(sentences) * 2)
    yield "looping", f"{' '.join(words[: len(words) // 2])} {' '.join(words[len(words) // 2 :][:5] * 8)}"
    yield "looping", f"{' '.join(words[: len(words) // 2])} {' '.join(words[len(words) // 2 :][:1] * 30)}"
    yield "looping", join_sentences(sentence for sentence in sentences for _ in range(2))
    yield "doubled", f"{summary} {summary}"
    yield "doubled", f"{summary}\n\n{summary}"
    yield "doubled", f"{summary} In summary, {summary}"


def _shuffled(source: str, summary: str, drawn: Random) -> Iterator[tuple[str, str]]:
    words = summary.split()
    yield "words shuffled", " ".join(drawn.sample(words, len(words)))
    yield "words shuffled", " ".join(drawn.sample(words, len(words))).rstrip(" .,") + "."
    inside = (sentence.rstrip(" .").split() for sentence in split_sentences(summary))
    yield "words shuffled within sentences", " ".join(f"{' '.join(drawn.sample(s, len(s)))}." for s in inside)
    yield "words reversed", " ".join(reversed(words))
    yield "words drawn from the source", " ".join(drawn.sample(source.split(), min(len(words), len(source.split()))))


def _lengths(source: str, summary: str, drawn: Random) -> Iterator[tuple[str, str]]:
    words = summary.split()
    yield "empty", drawn.choice(("", " ", "\n\t", "...", "-", "N/A"))
    yield "three words", " ".join(words[:3])
    yield "three words", drawn.choice(("A short summary.", "They talked things.", "Summary not available"))
    yield "far too long", f"{summary} {source}"
    yield "far too long", source
    yield "far too long", " ".join(source.split()[:1_500])


def _stretches(source: str, summary: str, drawn: Random) -> Iterator[tuple[str, str]]:
    flat = " ".join(source.split())
    room = max(1, len(flat) - len(summary))
    start = drawn.randrange(room)
    yield "verbatim stretch", flat[start : start + len(summary)]
    words = flat.split()
    start = drawn.randrange(max(1, len(words) - len(summary.split())))
    yield "verbatim stretch", " ".join(words[start : start + len(summary.split())])
    lines = [line for line in source.splitlines() if line.strip()]
    units = lines if len(lines) > 30 else split_sentences(flat)
    start = drawn.randrange(len(units) // 4, max(len(units) // 4 + 1, len(units) - 3))
    stretch = ""
    for unit in units[start:]:
        stretch = f"{stretch} {unit}".strip()
        if len(stretch) > 0.8 * len(summary):
            break
    yield "verbatim whole sentences", stretch


def _of_the_making(summary: str, drawn: Random) -> Iterator[tuple[str, str]]:
    for refusal in REFUSALS:
        yield "refusal", refusal
    yield "refusal before it", f"{drawn.choice(REFUSALS[:4])} {summary}"
    for prompt in PROMPTS:
        yield "leaked prompt", f"{prompt} {summary}" if drawn.random() < 0.5 else f"{summary} {prompt}"
    sentences = split_sentences(summary)
    for leftover in LEFTOVERS:
        yield "map leftovers", "\n".join(leftover.format(n=n, s=s) for n, s in enumerate(sentences, start=1))
    yield "map leftovers", f"{join_sentences(sentences[:1])} Chunk 2: {join_sentences(sentences[1:])}"


_Change = Callable[[str, Random], str]


def _next_digit(number: str, _drawn: Random) -> str:
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def _other_digit(number: str, drawn: Random) -> str:
    return drawn.choice([digit for digit in "123456789" if digit != number[0]]) + number[1:]


def _ten_times(number: str, _drawn: Random) -> str:
    return f"{number}0"
