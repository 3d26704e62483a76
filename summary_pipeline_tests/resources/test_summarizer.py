from pathlib import Path

import pytest

from summary_pipeline.resources.summarizer import plan_of
from summary_pipeline.settings import PipelineSettings
from summary_pipeline.summarization.errors import ModelConfigurationError


def registry_file(directory: Path, content: bytes) -> Path:
    file = directory / "models.json"
    file.write_bytes(content)
    return file


def test_a_plan_knows_the_models_of_the_registry_that_the_settings_name(tmp_path: Path) -> None:
    file = registry_file(tmp_path, b'{"mine": {"context_window": 32768}}')
    plan = plan_of(PipelineSettings(summary_model="mine", summary_model_registry=file))
    assert plan.spec.context_window == 32_768
    assert plan.spec.known


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"{"])
def test_a_registry_that_can_not_be_used_is_a_typed_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "missing.json" if content is None else registry_file(tmp_path, content)
    with pytest.raises(ModelConfigurationError, match=r"SUMMARY_MODEL_REGISTRY can't be read|not valid JSON"):
        plan_of(PipelineSettings(summary_model_registry=file))
