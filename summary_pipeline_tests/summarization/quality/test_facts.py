import pytest

from summary_pipeline.summarization.quality import documents, facts, text_units

ARTICLE = (
    "The mayor of Leeds, Anna Brandt, met the bishop of York on Monday. Brandt said that the old bridge will be closed "
    "for six months. Bishop Carl Olsen asked for a ferry, and the council of York agreed to pay 40,000 pounds for it. "
    "The bridge was built in 1911 by the engineer Henry Moss."
)
CHAT = (
    "Mia: The heating in my flat is broken again\n"
    "Dan: Did you call the landlord?\n"
    "Mia: He says that the plumber comes on Thursday\n"
    "Dan: Come and stay with me, I will cook lasagne"
)


def _read(source: str, summary: str) -> tuple[documents.Source, documents.Summary]:
    read, text = documents.read_summary(text_units.normalized(summary)), text_units.normalized(source)
    return documents.read_source(text_units.cut(text), text, read, "en"), read


def _names(source: str, summary: str) -> float:
    return facts.check_names(*_read(source, summary), "en").score or 0.0


def _numbers(source: str, summary: str) -> float:
    return facts.check_numbers(*_read(source, summary), "en").score or 0.0


@pytest.mark.parametrize(
    ("good", "wrong"),
    [
        ("Mayor Anna Brandt met the bishop of York.", "Mayor Anna Moss met the bishop of York."),
        ("The council of York agreed to pay.", "The council of Leeds agreed to pay."),
        ("the council of york agreed to pay.", "the council of leeds agreed to pay."),
        ("the council of york agreed to pay.", "the council of dresden agreed to pay."),
    ],
)
def test_a_name_in_whose_place_the_source_has_another_one_counts_less(good: str, wrong: str) -> None:
    assert _names(ARTICLE, wrong) < _names(ARTICLE, good) - 0.2


def test_a_number_in_whose_place_the_source_has_another_one_counts_less() -> None:
    good = "The bridge was built in 1911 and will be closed for six months."
    assert _numbers(f"{ARTICLE} Nine people came.", good.replace("six", "nine")) < _numbers(ARTICLE, good) - 0.2


def test_each_further_wrong_fact_counts() -> None:
    scores = [
        _names(ARTICLE, summary)
        for summary in (
            "The mayor said it to Anna Brandt, then asked the bishop Carl Olsen, and it was built by Henry Moss.",
            "The mayor said it to Anna Brandt, then asked the bishop Carl Olsen, and it was built by Henry Quill.",
            "The mayor said it to Anna Brandt, then asked the bishop Carl Quill, and it was built by Henry Quill.",
        )
    ]
    assert scores == sorted(set(scores), reverse=True)


def test_in_a_chat_what_is_told_of_a_speaker_has_to_be_the_speakers_own() -> None:
    told = "{} waits for the plumber because the heating is broken. {} will cook lasagne."
    assert _names(CHAT, told.format("Mia", "Dan")) > _names(CHAT, told.format("Dan", "Mia"))


def test_in_a_chat_an_unknown_person_who_acts_is_a_wrong_name() -> None:
    assert facts.check_names(*_read(CHAT, "Kate will cook lasagne for Mia."), "en").unbacked == ("Kate",)


def test_letters_that_were_spelled_are_one_name() -> None:
    assert _names("Then the T_V_ and two D_V_D_s were switched on.", "They switched the TV on.") == 1.0
