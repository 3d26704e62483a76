"""The process of the offline server that speaks OpenAI's API (``openai_server``).

Belongs here: how it is started and reached. Does not belong here: the server.
"""

import os
import sys

from summary_pipeline.local import ports
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.part import Part

# The server wants a key, and takes any.
_KEY = "offline"


class OfflineOpenAI(EmbeddedServer):
    """The extractive summarizer behind OpenAI's API. It keeps nothing and takes any key."""

    @property
    def base_url(self) -> str:
        """What ``OPENAI_BASE_URL`` is set to."""
        return f"http://{self.address}/v1"

    def environment(self) -> dict[str, str]:
        """Return the variables that name the server to a client."""
        return {"OPENAI_API_KEY": _KEY, "OPENAI_BASE_URL": self.base_url}

    def part(self) -> Part:
        """Return the server's process."""
        module = "summary_pipeline.local.openai_server"
        return Part(
            name="openai",
            command=[sys.executable, "-m", module, "--host", self.host, "--port", str(self.port)],
            environment={"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
            is_ready=lambda: ports.answers_http(self.port, "/v1/models", {"Authorization": f"Bearer {_KEY}"}),
            port=self.port,
        )
