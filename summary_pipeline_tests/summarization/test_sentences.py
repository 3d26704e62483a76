import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.sentences import count_sentences, join_sentences, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        (
            "Dr. Grey met Mrs. Hale at 5 p.m. on Monday. They left.",
            ["Dr. Grey met Mrs. Hale at 5 p.m. on Monday.", "They left."],
        ),
        ("It costs 3.5 million. See example.org for more.", ["It costs 3.5 million.", "See example.org for more."]),
        ("Jane Q. Doe and J. Roe spoke. It was late.", ["Jane Q. Doe and J. Roe spoke.", "It was late."]),
        ("They lack vitamin C. The doctor knew.", ["They lack vitamin C.", "The doctor knew."]),
        ("So do I. You too.", ["So do I.", "You too."]),
        ("She said no. Then she left. See no. 5 below.", ["She said no.", "Then she left.", "See no. 5 below."]),
        ("He shouted “Stop!” and ran. “Why?” she asked.", ["He shouted “Stop!” and ran.", "“Why?” she asked."]),
        ("(It ended.) Then it rained.", ["(It ended.)", "Then it rained."]),
        ("1. Introduction of the plan. 2. Costs.", ["1. Introduction of the plan.", "2. Costs."]),
        ("Das kostet ca. 50 Euro, z.B. hier. Gut.", ["Das kostet ca. 50 Euro, z.B. hier.", "Gut."]),
        ("Это стоит 5 руб. и т.д. Потом ушли.", ["Это стоит 5 руб. и т.д.", "Потом ушли."]),
        ("今天天气很好。我们去公园吧！你来吗？", ["今天天气很好。", "我们去公园吧！", "你来吗？"]),
        ("彼は「行くよ。」と言った。終わり。", ["彼は「行くよ。」", "と言った。", "終わり。"]),
        ("هل هذا صحيح؟ نعم. انتهى الأمر۔", ["هل هذا صحيح؟", "نعم.", "انتهى الأمر۔"]),
        ("यह पहला वाक्य है। यह दूसरा है॥", ["यह पहला वाक्य है।", "यह दूसरा है॥"]),
        (
            "A title without a stop\n\nA paragraph\nover two lines.",
            ["A title without a stop", "A paragraph over two lines."],
        ),
        ("no punctuation at all", ["no punctuation at all"]),
        ("  ... — ", []),
        ("", []),
    ],
)
def test_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet="ab C.!?。؟ \n\"')(1", max_size=80))
def test_splitting_loses_no_letter_and_keeps_their_order(text: str) -> None:
    def letters(value: str) -> str:
        return "".join(character for character in value if character.isalnum())

    assert letters("".join(split_sentences(text))) == letters(text)


@given(st.lists(st.sampled_from(["We met.", "Was it late?", "这是一句话。", "انتهى الأمر.", "It ended!"]), max_size=8))
def test_joined_sentences_are_found_again(sentences: list[str]) -> None:
    assert split_sentences(join_sentences(sentences)) == sentences
    assert count_sentences(join_sentences(sentences)) == len(sentences)


def test_no_space_follows_a_full_width_stop() -> None:
    assert join_sentences(["第一句。", "“第二句。”", "Third."]) == "第一句。“第二句。”Third."


def test_a_long_text_without_sentence_ends_is_split_in_linear_time() -> None:
    text = "e.g. Mr. X of no. 5 at 3.5 " * 40_000
    assert len(split_sentences(text)) == 1
