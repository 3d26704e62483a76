import uuid

import pytest
from confluent_kafka import KafkaException

from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.kafka_topics import TopicCreationError, ensure_topics
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

pytestmark = pytest.mark.servers


def test_topics_that_exist_are_left_as_they_are(kafka_bootstrap: str) -> None:
    writer = TopicWriter(kafka_bootstrap, f"topics-{uuid.uuid4()}")
    writer.write(b"kept")
    assert ensure_topics(kafka_bootstrap, [writer.topic]) == ()
    assert [message.value() for message in read_all(kafka_bootstrap, writer.topic)] == [b"kept"]


def test_a_missing_topic_is_created_or_named_in_an_error_that_says_what_to_do(
    kafka_bootstrap: str, request: pytest.FixtureRequest
) -> None:
    topic = f"topics-{uuid.uuid4()}"
    if request.node.callspec.params["kafka_bootstrap"].name == "mock":
        # The mock cluster does not know the request: what a broker looks like that does not let us create topics.
        with pytest.raises(TopicCreationError, match=f"no topic '{topic}'.*Create it by hand"):
            ensure_topics(kafka_bootstrap, [topic])
    else:
        assert ensure_topics(kafka_bootstrap, [topic]) == (topic,)
        TopicWriter(kafka_bootstrap, topic).write(b"x")
        assert len(read_all(kafka_bootstrap, topic)) == 1


def test_an_unreachable_broker_is_an_error_within_bounds() -> None:
    with pytest.raises(KafkaException, match="metadata"):
        ensure_topics(f"127.0.0.1:{free_port()}", ["any"])
