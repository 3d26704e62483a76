import os
import signal
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from summary_pipeline.contract.topics import TOPICS
from summary_pipeline.local.apache_kafka import ApacheKafka
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.processes import is_alive
from summary_pipeline_tests.kafka_brokers import KAFKA_BROKERS_FOR_TESTS, KafkaChoice, choose_brokers
from summary_pipeline_tests.kafka_support import TopicWriter, read_all
from summary_pipeline_tests.local.process_support import listening_addresses, processes_of, require_none_of, wait_until

needs_apache_kafka = pytest.mark.skipif(
    KafkaChoice("apache") not in KAFKA_BROKERS_FOR_TESTS.chosen,
    reason=f"Apache Kafka: {KAFKA_BROKERS_FOR_TESTS.left_out.get('Apache Kafka')}",
)


def cluster_id(address: str) -> str:
    identity = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).cluster_id
    return str(identity)


def crash(server: MockKafka | ApacheKafka) -> None:
    process = server.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(process), "the broker is dead")
    server.stop()


@pytest.mark.servers
class TestMockKafka:
    def test_the_topics_of_the_contract_are_there_from_the_start(self, tmp_path: Path) -> None:
        with MockKafka(tmp_path) as broker:
            topics = AdminClient({"bootstrap.servers": broker.address}).list_topics(timeout=10).topics
        assert {name: len(topics[name].partitions) for name in TOPICS} == dict.fromkeys(TOPICS, 4)

    def test_what_is_written_can_be_read_by_another_process(self, tmp_path: Path) -> None:
        with MockKafka(tmp_path) as broker:
            TopicWriter(broker.address, TOPICS[0]).write(b"hello", key=b"7")
            (message,) = read_all(broker.address, TOPICS[0])
            assert (message.key(), message.value()) == (b"7", b"hello")

    def test_a_restart_is_another_cluster_at_the_same_address(self, tmp_path: Path) -> None:
        seen = []
        for _ in range(2):
            with MockKafka(tmp_path) as broker:
                seen.append((broker.address, cluster_id(broker.address)))
        assert seen[0][0] == seen[1][0]
        assert seen[0][1] != seen[1][1]

    def test_it_comes_back_at_the_same_address_after_sigkill(self, tmp_path: Path) -> None:
        broker = MockKafka(tmp_path).start()
        address = broker.address
        crash(broker)
        with MockKafka(tmp_path) as again:
            assert again.address == address
            assert cluster_id(address)

    def test_metadata_names_the_port_that_was_asked_for(self, tmp_path: Path) -> None:
        with MockKafka(tmp_path) as broker:
            (node,) = AdminClient({"bootstrap.servers": broker.address}).list_topics(timeout=10).brokers.values()
            assert f"{node.host}:{node.port}" == broker.address

    def test_it_listens_on_loopback_only(self, tmp_path: Path) -> None:
        with MockKafka(tmp_path):
            assert listening_addresses(set(processes_of(tmp_path))) == {"127.0.0.1"}
        require_none_of(tmp_path, 0.1)


@pytest.mark.servers
@needs_apache_kafka
class TestApacheKafka:
    def test_messages_cluster_and_port_outlive_a_restart_and_sigkill(self, tmp_path: Path) -> None:
        broker = ApacheKafka(tmp_path).start()
        TopicWriter(broker.address, "kept").write(b"first")
        before = (broker.address, cluster_id(broker.address))
        broker.stop()
        require_none_of(tmp_path, 0.1)
        broker = ApacheKafka(tmp_path).start()
        TopicWriter(broker.address, "kept").write(b"second")
        crash(broker)
        with ApacheKafka(tmp_path) as again:
            assert (again.address, cluster_id(again.address)) == before
            assert {message.value() for message in read_all(again.address, "kept")} == {b"first", b"second"}

    def test_it_listens_on_loopback_only(self, tmp_path: Path) -> None:
        with ApacheKafka(tmp_path):
            addresses = listening_addresses(set(processes_of(tmp_path)))
        assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("environment", "missing", "chosen", "left_out"),
    [
        ({}, [], ["mock"], {"Apache Kafka"}),
        ({"SUMMARY_TEST_APACHE_KAFKA": "auto"}, [], ["mock", "apache"], set()),
        ({"SUMMARY_TEST_APACHE_KAFKA": "auto"}, ["Maven"], ["mock"], {"Apache Kafka"}),
        ({"SUMMARY_TEST_APACHE_KAFKA": "1"}, ["Maven"], ["mock", "apache"], set()),
        ({"KAFKA_BROKERS": "kafka:9092"}, [], ["mock", "external"], {"Apache Kafka"}),
    ],
)
def test_the_brokers_of_the_tests_follow_from_the_environment(
    environment: dict[str, str], missing: list[str], chosen: list[str], left_out: set[str]
) -> None:
    choices = choose_brokers(environment, lambda: missing)
    assert [choice.name for choice in choices.chosen] == chosen
    assert set(choices.left_out) == left_out
    assert all(choices.left_out.values())
