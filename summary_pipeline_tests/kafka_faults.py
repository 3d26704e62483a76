"""A mock cluster in this process that can be told to misbehave, which the embedded one can't from outside."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import cimpl

_PRODUCER = 0
PRODUCE = 0
FIND_COORDINATOR = 10
"""Keys of requests in Kafka's protocol."""
NOBODY = -1
"""Kafka's number for the leader of a partition that has none."""
_HANGING_MILLISECONDS = 600_000


class RefusingKafka:
    """``address`` is where clients find its first broker; ``refuse(code)`` makes the next produce requests fail."""

    def __init__(self, brokers: int = 1) -> None:
        library = ctypes.CDLL(cimpl.__file__)
        pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
        for name, result, arguments in (
            ("rd_kafka_conf_new", pointer, []),
            ("rd_kafka_conf_set", ctypes.c_int, [pointer, text, text, text, size]),
            ("rd_kafka_new", pointer, [ctypes.c_int, pointer, text, size]),
            ("rd_kafka_destroy", None, [pointer]),
            ("rd_kafka_handle_mock_cluster", pointer, [pointer]),
            ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
            (
                "rd_kafka_mock_push_request_errors_array",
                None,
                [pointer, ctypes.c_int16, size, ctypes.POINTER(ctypes.c_int)],
            ),
            (
                "rd_kafka_mock_partition_set_leader",
                ctypes.c_int,
                [pointer, text, ctypes.c_int32, ctypes.c_int32],
            ),
            ("rd_kafka_mock_broker_set_rtt", ctypes.c_int, [pointer, ctypes.c_int32, ctypes.c_int]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        error = ctypes.create_string_buffer(512)
        configuration = library.rd_kafka_conf_new()
        for option, value in ((b"test.mock.num.brokers", str(brokers).encode()), (b"log_level", b"0")):
            if library.rd_kafka_conf_set(configuration, option, value, error, len(error)) != 0:
                raise RuntimeError(error.value.decode())
        self._library = library
        self._handle = library.rd_kafka_new(_PRODUCER, configuration, error, len(error))
        if not self._handle:
            raise RuntimeError(error.value.decode())
        self._cluster = library.rd_kafka_handle_mock_cluster(self._handle)
        self.address: str = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode().partition(",")[0]

    def refuse(self, code: int, times: int = 1, *, request: int = PRODUCE) -> None:
        """Answer the next ``times`` requests of a kind with Kafka's error ``code``."""
        errors = (ctypes.c_int * times)(*[code] * times)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, request, times, errors)

    def lead(self, topic: str, partition: int, broker: int) -> None:
        """Give a partition to a broker (they count from 1), or to ``NOBODY``."""
        if self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, broker) != 0:
            raise RuntimeError(f"the mock cluster gives {topic}[{partition}] no leader {broker}")

    def hang(self, broker: int) -> None:
        """Let a broker take connections and answer nothing."""
        if self._library.rd_kafka_mock_broker_set_rtt(self._cluster, broker, _HANGING_MILLISECONDS) != 0:
            raise RuntimeError(f"the mock cluster has no broker {broker}")

    def close(self) -> None:
        """End the cluster."""
        self._library.rd_kafka_destroy(self._handle)


@contextmanager
def refusing_kafka(brokers: int = 1) -> Iterator[RefusingKafka]:
    """Yield a cluster and end it."""
    kafka = RefusingKafka(brokers)
    try:
        yield kafka
    finally:
        kafka.close()
