import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.database.storable import storable_json, storable_text

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_any_text_becomes_storable(text: str) -> None:
    clean = storable_text(text)
    assert "\x00" not in clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert storable_text(clean) == clean


@given(st.text().filter(lambda text: "\x00" not in text))
def test_good_text_is_not_changed(text: str) -> None:
    assert storable_text(text) == text


def test_a_pair_of_surrogates_is_the_character_that_it_means() -> None:
    assert storable_text("\ud83d\ude00") == "\N{GRINNING FACE}"
    assert storable_text("a\ude00\ud83d") == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | any_text,
        lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(any_text, inner),
        max_leaves=10,
    )
)
def test_anything_json_like_becomes_strict_json(value: object) -> None:
    text = json.dumps(storable_json(value), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    assert text.encode()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_in_json_becomes_null(number: float) -> None:
    assert storable_json({"score": number}) == {"score": None}


@pytest.mark.parametrize("value", [b"bytes", object(), {1, 2}, [bytearray()]])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        storable_json(value)
