import socket
from pathlib import Path

from summary_pipeline.local.ports import LOOPBACK, remembered_port


def a_port_of_an_outgoing_connection() -> int:
    with socket.create_server((LOOPBACK, 0)) as server, socket.create_connection(server.getsockname()) as client:
        return int(client.getsockname()[1])


def test_a_port_is_the_same_at_the_next_start(tmp_path: Path) -> None:
    assert remembered_port(tmp_path / "port") == remembered_port(tmp_path / "port")


def test_a_port_that_is_to_last_is_none_that_outgoing_connections_are_given(tmp_path: Path) -> None:
    ports = {remembered_port(tmp_path / str(number)) for number in range(100)}
    assert max(ports) < min(a_port_of_an_outgoing_connection() for _ in range(100))


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    port = remembered_port(tmp_path / "port")
    with socket.create_server((LOOPBACK, port)):
        assert remembered_port(tmp_path / "port") != port
