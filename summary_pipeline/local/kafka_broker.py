"""The embedded Kafka broker that needs nothing: librdkafka's mock cluster, held by a process of its own.

Belongs here: the mock cluster, its process and how that is supervised. Does not belong here: Apache Kafka
(``apache_kafka``), topics, or clients.

The broker speaks the real protocol over TCP and keeps nothing: what was not read is gone when it stops, and every start
is another cluster with another cluster id. It knows no transactions and no request to create a topic: a topic comes to
be when it is first asked for, and those of the contract are there from the start.

The mock cluster chooses a random port. Here its listening socket is replaced by one on the port that was asked for, and
that port is what the broker tells its clients, so that clients find a restarted broker where the last one was.
"""

import argparse
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import cimpl

from summary_pipeline.contract.topics import TOPICS
from summary_pipeline.local import ports
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.part import Part

PARTITIONS = 4

_BROKER_ID = 1
_PRODUCER = 0
_HIGHEST_DESCRIPTOR = 1024


class MockKafka(EmbeddedServer):
    """librdkafka's mock cluster, one broker. ``address`` is the bootstrap address."""

    kind = "librdkafka mock cluster"

    def environment(self) -> dict[str, str]:
        """Return the variable that production sets for Kafka."""
        return {"KAFKA_BROKERS": self.address}

    def part(self) -> Part:
        """Return the broker's process."""
        file = self.data_dir / "bootstrap"
        return Part(
            name="kafka",
            command=[
                sys.executable,
                "-m",
                "summary_pipeline.local.kafka_broker",
                "--port",
                str(self.port),
                "--port-file",
                str(file),
                "--topics",
                *TOPICS,
            ],
            environment={"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
            is_ready=lambda: file.exists() and ports.accepts(self.port),
            port=self.port,
        )

    def _create(self) -> None:
        (self.data_dir / "bootstrap").unlink(missing_ok=True)


class _MockCluster:
    """The mock cluster through librdkafka's C interface, which the Python client does not pass on."""

    def __init__(self) -> None:
        # The symbols of the librdkafka that the client brought along, wherever the wheel put it.
        self._library = ctypes.CDLL(cimpl.__file__)
        self._declare()
        error = ctypes.create_string_buffer(512)
        configuration = self._library.rd_kafka_conf_new()
        for name, value in ((b"test.mock.num.brokers", b"1"), (b"log_level", b"0")):
            if self._library.rd_kafka_conf_set(configuration, name, value, error, len(error)) != 0:
                raise RuntimeError(error.value.decode())
        handle = self._library.rd_kafka_new(_PRODUCER, configuration, error, len(error))
        if not handle:
            raise RuntimeError(error.value.decode())
        self._cluster = self._library.rd_kafka_handle_mock_cluster(handle)

    @property
    def port(self) -> int:
        """The port that the cluster chose."""
        address: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return int(address.decode().rpartition(":")[2])

    def move_to(self, port: int) -> None:
        """Serve on ``port`` instead, and say so in metadata."""
        descriptor = _listening_descriptor(self.port)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((ports.LOOPBACK, port))
            listener.listen(128)
            listener.settimeout(0)
            # The same descriptor from now on means the other socket; the cluster polls it as before.
            os.dup2(listener.fileno(), descriptor)
        failed = self._library.rd_kafka_mock_broker_set_host_port(
            self._cluster, _BROKER_ID, ports.LOOPBACK.encode(), port
        )
        if failed:
            raise RuntimeError(f"the mock cluster does not take port {port} (error {failed})")

    def create_topic(self, name: str) -> None:
        """Create a topic where it does not exist: clients cannot, as the cluster does not know that request."""
        error = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), PARTITIONS, 1)
        if error:
            raise RuntimeError(f"the mock cluster does not create topic {name!r} (error {error})")

    def _declare(self) -> None:
        pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
        signatures: dict[str, tuple[type | None, list[type]]] = {
            "rd_kafka_conf_new": (pointer, []),
            "rd_kafka_conf_set": (ctypes.c_int, [pointer, text, text, text, size]),
            "rd_kafka_new": (pointer, [ctypes.c_int, pointer, text, size]),
            "rd_kafka_handle_mock_cluster": (pointer, [pointer]),
            "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
            "rd_kafka_mock_broker_set_host_port": (ctypes.c_int, [pointer, ctypes.c_int32, text, ctypes.c_int]),
            "rd_kafka_mock_topic_create": (ctypes.c_int, [pointer, text, ctypes.c_int, ctypes.c_int]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments


def _listening_descriptor(port: int) -> int:
    for descriptor in range(3, _HIGHEST_DESCRIPTOR):
        try:
            copy = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
        with copy:
            listens = copy.family == socket.AF_INET and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if listens and copy.getsockname()[1] == port:
                return descriptor
    raise RuntimeError(f"no socket listens on port {port}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Serve the Kafka protocol from memory on loopback.")
    parser.add_argument("--port", type=int, help="port to listen on; without it, the broker takes a free one")
    parser.add_argument("--port-file", type=Path, required=True, help="where to write the bootstrap address")
    parser.add_argument("--topics", nargs="*", default=[], help="topics to create")
    options = parser.parse_args(arguments)
    stop = {signal.SIGTERM, signal.SIGINT}
    # Before the cluster makes its threads, so that they inherit it and only sigwait sees the signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    cluster = _MockCluster()
    for topic in options.topics:
        cluster.create_topic(topic)
    if options.port is not None:
        cluster.move_to(options.port)
    address = f"{ports.LOOPBACK}:{options.port or cluster.port}"
    new = options.port_file.with_suffix(".new")
    new.write_text(address, encoding="ascii")
    new.replace(options.port_file)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    signal.sigwait(stop)
    options.port_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
