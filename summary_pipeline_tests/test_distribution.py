from pathlib import Path

from summary_pipeline_tests.distribution import ONE_STACK, unit_of_work

TESTS = Path(__file__).parent


def test_files_beside_one_stack_are_one_unit_of_work() -> None:
    units = {unit_of_work(f"summary_pipeline_tests/end_to_end/{file}::test_it") for file in ("test_a.py", "test_b.py")}
    assert units == {"summary_pipeline_tests/end_to_end"}


def test_a_file_with_a_stack_of_its_own_is_a_unit_of_work() -> None:
    file = "summary_pipeline_tests/end_to_end/own_stack/test_demo.py"
    assert unit_of_work(f"{file}::test_it[one::two]") == file


def test_each_folder_of_one_stack_has_a_fixture_for_it() -> None:
    assert all("def stack(" in (TESTS / folder / "conftest.py").read_text(encoding="utf-8") for folder in ONE_STACK)
