import pytest

from summary_pipeline.summarization.quality import text_units
from summary_pipeline.summarization.quality.numerals import number_values, spoken_numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("12,000 people", {"12000"}),
        ("1.50 euros", {"1.5"}),
        ("007 times", {"7"}),
        ("two of us", {"2"}),
        ("one of us", set()),
        ("the second attempt", {"2"}),
        ("3.000.000 again", {"3000000"}),
    ],
)
def test_a_number_is_read_as_its_value(text: str, values: set[str]) -> None:
    assert {value for _, value in number_values(text_units.cut(text), "en")} == values


@pytest.mark.parametrize(
    ("text", "value", "language"),
    [
        ("in nineteen seventy four we", "1974", "en"),
        ("about twelve thousand three hundred", "12300", "en"),
        ("twenty-three people", "23", "en"),
        ("twenty twenty six", "2026", "en"),
        ("nearly 12 thousand", "12000", "en"),
        ("一共一萬二千人", "12000", "zh"),
        ("大约二十三个", "23", "zh"),
        ("二〇二六年", "2026", "zh"),
    ],
)
def test_number_words_that_belong_together_are_one_number(text: str, value: str, language: str) -> None:
    assert value in {found for _, found in spoken_numbers(text_units.cut(text), language)}


@pytest.mark.parametrize("text", ["❶ 5", "❶ ❷", "፩ ፪", "two ፩", "five ❶ thousand"])
def test_signs_that_are_digits_but_no_decimals_are_not_read(text: str) -> None:
    units = text_units.cut(text)
    values = {value for _, value in (*number_values(units, "en", every=True), *spoken_numbers(units, "en"))}
    assert values <= {"2", "5"}


@pytest.mark.parametrize(
    ("text", "language"), [("two " + "7" * 5_000, "en"), ("一" * 5_000, "zh"), ("亿" * 5_000, "zh")]
)
def test_a_run_of_digits_that_is_too_long_for_a_number_is_none(text: str, language: str) -> None:
    assert list(spoken_numbers(text_units.cut(text), language)) == []
