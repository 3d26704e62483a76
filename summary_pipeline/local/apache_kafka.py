"""A real Apache Kafka broker, where Java and Maven are there: one KRaft node on loopback that keeps its data.

Belongs here: fetching Kafka by its Maven coordinates, its configuration and its process.
Does not belong here: the broker that needs nothing (``kafka_broker``), topics, or clients.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from summary_pipeline.local import ports
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.part import Part

# 4.4.0 cannot be resolved: it depends on kafka-tools-api 4.4.0, which is not published.
VERSION = "4.3.1"
OLDEST_JAVA = 17

_DEPENDENCIES = {
    "org.apache.kafka:kafka_2.13": VERSION,
    # Kafka logs through slf4j 1 and brings nothing that would write it.
    "org.slf4j:slf4j-simple": "1.7.36",
}
_COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_MEMORY = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")


def missing_programs() -> list[str]:
    """Return what Apache Kafka needs and this machine lacks."""
    missing = [] if _java_version() >= OLDEST_JAVA else [f"Java {OLDEST_JAVA} or later"]
    if shutil.which("mvn") is None and not _default_libraries().exists():
        missing.append("Maven")
    return missing


class ApacheKafka(EmbeddedServer):
    """One Apache Kafka node. ``address`` is the bootstrap address; ``libraries`` is where its jars are kept."""

    kind = f"Apache Kafka {VERSION} (KRaft, one node)"

    def __init__(self, data_dir: Path, port: int | None = None, libraries: Path | None = None) -> None:
        super().__init__(data_dir, port)
        self.libraries = libraries or _default_libraries()

    def environment(self) -> dict[str, str]:
        """Return the variable that production sets for Kafka."""
        return {"KAFKA_BROKERS": self.address}

    def prepare(self) -> None:
        """Fetch Kafka where it is not there, choose the ports, write the configuration and format the log directory.

        Raises:
            StackError: Java or Maven is missing, or Kafka could not be fetched or formatted.
        """
        super().prepare()
        if missing := missing_programs():
            raise StackError(
                f"Apache Kafka needs {' and '.join(missing)}. Install that, or use the broker that needs nothing: "
                "SUMMARY_LOCAL_KAFKA=mock"
            )
        if not self.libraries.exists():
            _fetch(self.libraries)
        controller_port = ports.remembered_port(self.data_dir / "controller-port")
        self._configuration.write_text(self._properties(controller_port), encoding="ascii")
        if not (self._log / "meta.properties").exists():
            self._format()

    def part(self) -> Part:
        """Return the broker's process."""
        return Part(
            name="kafka",
            command=[*self._java(*_MEMORY, *_LOGGING), "kafka.Kafka", str(self._configuration)],
            environment={},
            is_ready=self.is_ready,
            port=self.port,
            directory=self.data_dir,
            stop_signal=signal.SIGTERM,
            patience_seconds=30,
        )

    def is_ready(self) -> bool:
        """Say whether the broker answers requests."""
        if not ports.accepts(self.port):
            return False
        try:
            return bool(AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "server.properties"

    @property
    def _log(self) -> Path:
        return self.data_dir / "log"

    def _java(self, *options: str) -> list[str]:
        return [shutil.which("java") or "java", *options, "-cp", f"{self.libraries}/*"]

    def _properties(self, controller_port: int) -> str:
        controller = f"{self.host}:{controller_port}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self._log),
            # As on the embedded mock cluster.
            "num.partitions": "4",
            # One node cannot hold the three replicas that are the default.
            "default.replication.factor": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # Nobody else will join.
            "group.initial.rebalance.delay.ms": "0",
        }
        return "".join(f"{name}={value}\n" for name, value in properties.items())

    def _format(self) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A leading "-" would be read as an option.
        cluster_id = cluster.replace("-", "_")
        command = [
            *(*self._java(), "kafka.tools.StorageTool", "format"),
            *("--config", str(self._configuration), "--cluster-id", cluster_id),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no user input - the command is ours
        if result.returncode != 0:
            raise StackError(
                f"Kafka's log directory {self._log} could not be formatted:\n{result.stdout}{result.stderr}"
            )


def _default_libraries() -> Path:
    return Path.home() / ".cache" / "summary-pipeline" / f"apache-kafka-{VERSION}"


def _java_version() -> int:
    """0 where there is no Java. Before 9, versions began with ``1.``; that reads as 1, which is old enough."""
    java = shutil.which("java")
    if java is None:
        return 0
    result = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "(\d+)', result.stderr)
    return int(found[1]) if found else 0


def _fetch(libraries: Path) -> None:
    """Copied beside its place and renamed, so that a fetch that was cut short leaves nothing that looks complete."""
    maven = shutil.which("mvn") or "mvn"
    libraries.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=libraries.parent) as made:
        workplace = Path(made)
        (workplace / "pom.xml").write_text(_pom(), encoding="utf-8")
        result = subprocess.run(  # noqa: S603 - the command is ours
            [maven, "-B", "-q", _COPY_GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={workplace / 'jars'}"],
            cwd=workplace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            end = "\n".join((result.stdout + result.stderr).splitlines()[-10:])
            raise StackError(f"Maven could not fetch Apache Kafka {VERSION}:\n{end}")
        try:
            (workplace / "jars").rename(libraries)
        except OSError:
            # Another process was faster, and its copy is as good.
            if not libraries.exists():
                raise


def _pom() -> str:
    dependencies = "".join(
        "<dependency>"
        f"<groupId>{name.split(':')[0]}</groupId><artifactId>{name.split(':')[1]}</artifactId><version>{version}</version>"
        "</dependency>"
        for name, version in _DEPENDENCIES.items()
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>summary-pipeline</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )
