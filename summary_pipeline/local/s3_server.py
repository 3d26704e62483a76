"""An S3 server on loopback that keeps its objects: ``ministack``, with everything but S3 switched off.

Belongs here: the server's process and the bucket. Does not belong here: keys or documents.
"""

import os
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from summary_pipeline.local import ports
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.part import Part

REGION = "us-east-1"
# The server checks no credentials; these only fill the variables.
ACCESS_KEY = "local"
SECRET_KEY = "local-secret"  # noqa: S105 - no secret: see above


class EmbeddedS3(EmbeddedServer):
    """One S3 server with one bucket. Objects are on disk when a write has been answered."""

    def __init__(self, data_dir: Path, port: int | None = None, bucket: str = "videos") -> None:
        super().__init__(data_dir, port)
        self.bucket = bucket

    @property
    def endpoint(self) -> str:
        """The server's URL."""
        return f"http://{self.address}"

    def environment(self) -> dict[str, str]:
        """Return the variables that production sets for S3."""
        return {
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_S3_ENDPOINT": self.endpoint,
            "AWS_YOUTUBE_BUCKET": self.bucket,
        }

    def client(self) -> S3Client:
        """Return a client of the server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
        )

    def create_bucket(self, name: str) -> None:
        """Create a bucket where it does not exist."""
        client = self.client()
        try:
            client.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            client.create_bucket(Bucket=name)

    def complete(self) -> None:
        """Create the bucket where it does not exist."""
        self.create_bucket(self.bucket)

    def part(self) -> Part:
        """Return the server's process."""
        return Part(
            name="s3",
            command=[sys.executable, "-m", "ministack"],
            environment={
                "PATH": os.defpath,
                "HOME": str(self.data_dir),
                "TMPDIR": str(self.data_dir / "tmp"),
                "BIND_HOST": self.host,
                "GATEWAY_PORT": str(self.port),
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(self.data_dir / "objects"),
                "PERSIST_STATE": "1",
                "STATE_DIR": str(self.data_dir / "state"),
                "LOG_LEVEL": "WARNING",
                # On by default, these listen on every address of the machine whatever BIND_HOST says.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "SERVICES": "s3",
                # It would otherwise look for containers of its own on the user's Docker, and remove them.
                "DOCKER_HOST": f"unix://{self.data_dir}/no-docker.sock",
            },
            is_ready=lambda: ports.answers_http(self.port, "/_ministack/health"),
            port=self.port,
            directory=self.data_dir,
        )

    def _create(self) -> None:
        (self.data_dir / "tmp").mkdir(exist_ok=True)
