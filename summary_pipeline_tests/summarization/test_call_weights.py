from summary_pipeline.summarization.call_weights import REMEMBERED, CallWeights


def test_an_estimate_is_taken_as_it_is_until_an_answer_told_what_such_calls_weigh() -> None:
    weights = CallWeights()
    assert weights.expected(8000) == 8000
    weights.learn(8000, 7840)
    assert weights.expected(8000) == 7840


def test_what_one_chunk_weighed_counts_for_all_of_about_its_size_and_not_for_a_call_of_another_kind() -> None:
    weights = CallWeights()
    weights.learn(7500, 7350)
    assert weights.expected(8600) == 8428
    assert weights.expected(1700) == 1700


def test_the_highest_of_late_ones_counts() -> None:
    weights = CallWeights()
    for weighed in (1000, 900):
        weights.learn(1000, weighed)
    assert weights.expected(1000) == 1000
    for _ in range(REMEMBERED - 1):
        weights.learn(1000, 900)
    assert weights.expected(1000) == 900


def test_no_answer_makes_a_call_weigh_much_less_or_more_than_estimated() -> None:
    weights = CallWeights()
    weights.learn(1000, 10)
    assert weights.expected(1000) == 800
    weights.learn(1000, 10_000)
    assert weights.expected(1000) == 1250
