import pytest

from summary_pipeline.contract.topics import VIDEO_SUMMARIZED
from summary_pipeline.local.demo import Announced
from summary_pipeline.local.errors import StackError
from summary_pipeline.resources.kafka_reader import open_reader
from summary_pipeline_tests.kafka_faults import NOBODY, refusing_kafka
from summary_pipeline_tests.kafka_support import TopicWriter

pytestmark = pytest.mark.servers


def test_the_demo_waits_for_no_announcement_that_it_could_not_read() -> None:
    with refusing_kafka() as kafka:
        TopicWriter(kafka.address, VIDEO_SUMMARIZED)
        kafka.lead(VIDEO_SUMMARIZED, 2, NOBODY)
        with (
            open_reader(kafka.address, group_id="demo", topic=VIDEO_SUMMARIZED) as reader,
            pytest.raises(StackError, match=r"video.summarized can't be read \(2: it has no leader"),
        ):
            Announced(reader)
