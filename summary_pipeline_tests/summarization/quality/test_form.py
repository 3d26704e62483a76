import pytest

from summary_pipeline.summarization.quality import documents, form, text_units


def _summary(text: str) -> documents.Summary:
    return documents.read_summary(text_units.normalized(text))


def _ending(text: str, source: str = "They agreed on the plan and on money.", *, language: str = "en") -> form.Ending:
    summary = _summary(text)
    normalized = text_units.normalized(source)
    read = documents.read_source(text_units.cut(normalized), normalized, summary, language)
    return form.ending(summary, language, read)


@pytest.mark.parametrize(
    "text",
    [
        "They agreed on the plan.",
        "They called it 'ludicrous'",
        "他们同意了这个计划。",
        "- First the plan\n- Then the money\n- Last the date",
        "แผนได้รับการยอมรับ",
        "وافق الفريق على الخطة؟",
    ],
)
def test_what_is_complete_is_not_taken_for_cut_off(text: str) -> None:
    assert _ending(text) is form.Ending.FINISHED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The council voted for it, and so did they.", "en"),
        ("She is two years older than he.", "en"),
        ("Some agreed and others did not.", "en"),
        ("The fault was his.", "en"),
        ("That was the plan they had agreed to.", "en"),
        ("Der Rat führt im Herbst eine neue Steuer ein.", "de"),
        ("Die Zahl der Gäste nimmt zu.", "de"),
        ("Von den Brücken bleibt nur eine.", "de"),
        ("De leden nemen het besluit aan.", "nl"),
        ("De raad stelt de stemming uit.", "nl"),
        ("De voorzitter weet dat.", "nl"),
        ("Uns concordaram e outros não.", "pt"),
        ("No fim os dois reconciliaram-se.", "pt"),
        ("A testemunha não os conhecia, mas viu-os.", "pt"),
        ("Alcuni sono d'accordo, altri non.", "it"),
        ("Les uns votent contre, les autres pour.", "fr"),
        ("Antes de la frontera el tren para.", "es"),
        ("Одни согласны, другие не.", "ru"),
    ],
)
def test_words_that_may_end_a_sentence_are_no_break_before_a_full_stop(text: str, language: str) -> None:
    assert _ending(text, language=language) is form.Ending.FINISHED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Rat spricht über den.", "de"),
        ("De leden nemen het besluit en.", "nl"),
        ("O conselho fala de.", "pt"),
        ("Le conseil parle de la.", "fr"),
    ],
)
def test_a_full_stop_after_a_word_that_ends_no_sentence_hides_no_break(text: str, language: str) -> None:
    assert _ending(text, language=language) is form.Ending.BROKEN


@pytest.mark.parametrize(
    "text",
    [
        "They agreed on the",
        "They agreed on...",
        "They agreed and the.",
        "They agreed on the pl",
        "They agreed on mon",
        "They agreed on a plan which would",
        "They agreed on the plan, and he",
        "They agreed on the plan,.",
        "- First the plan\n- Then the money\n- Last the mon",
    ],
)
def test_what_breaks_off_is_noticed(text: str) -> None:
    assert _ending(text) is form.Ending.BROKEN


@pytest.mark.parametrize("text", ["They agreed on plans and money", "They agreed on the plan"])
def test_a_missing_full_stop_is_told_from_a_break_within_a_sentence(text: str) -> None:
    assert _ending(text) is form.Ending.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "We met on Monday at noon. We met on Monday at noon.",
        "The group agreed " + "on the plan for next year " * 4,
        "very " * 12,
    ],
)
def test_what_comes_again_and_again_is_repetition(text: str) -> None:
    assert form.repeats_itself(_summary(text))


def test_speech_is_told_from_a_report() -> None:
    spoken = form.direct_speech(_summary("Yeah, I think you and me, uh, we should do it."), "en")
    reported = form.direct_speech(_summary("The speakers think that both of them should do it."), "en")
    assert spoken is not None
    assert reported is not None
    assert spoken > form.MOST_DIRECT_SPEECH > reported


def test_items_of_a_list_are_sentences() -> None:
    assert len(_summary("- the plan\n- the money\n1. the date").sentences) == 3


def test_without_capitals_full_stops_end_sentences() -> None:
    assert len(_summary("they met on monday . the plan was agreed . it costs much.").sentences) == 3
    assert len(_summary("they met on monday. the plan was agreed. it costs much.").sentences) == 3
