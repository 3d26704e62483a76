import pytest

from summary_pipeline.summarization.limit_readings import LimitReading


def reading(remaining: float, reset: float | None) -> LimitReading:
    """One of 240 a minute, which is four a second."""
    return LimitReading("requests", 240, remaining, reset)


def test_the_reset_tells_the_fraction_that_a_whole_number_hides() -> None:
    assert reading(10, 2.4).level(20) == pytest.approx(10.4)
    assert reading(0, 4.9).level(20) == pytest.approx(0.4)


def test_a_reset_that_does_not_fit_tells_nothing_of_what_is_left() -> None:
    assert reading(10, 0.0).level(20) == 10
    assert reading(10, 86_400.0).level(20) == 10
    assert reading(0, 1.0).level(20) == 0


def test_without_a_reset_the_number_is_all_there_is() -> None:
    assert reading(10, None).level(20) == 10


def test_nothing_left_and_a_long_reset_is_a_debt() -> None:
    assert reading(0, 7.5).level(20) == -10
