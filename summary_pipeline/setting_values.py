"""The kinds of values that environment variables have, each with what it must look like.

Belongs here: types that any variable may have. Does not belong here: the variables (``settings``).
"""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from summary_pipeline.summarization.structured import language_tag


def _bootstrap_servers(value: str) -> str:
    servers = [server.strip() for server in value.split(",")]
    for server in servers:
        host, separator, port = server.rpartition(":")
        if not (separator and host and port.isdigit() and 0 < int(port) < 65536):
            msg = f"{server!r} is not host:port"
            raise ValueError(msg)
    return ",".join(servers)


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        msg = "does not start with http:// or https://"
        raise ValueError(msg)
    return value.rstrip("/")


def _identifier(value: str) -> str:
    if not value.isascii() or "\x00" in value or not value.strip():
        msg = "is not a usable PostgreSQL name"
        raise ValueError(msg)
    return value


def _language(value: str) -> str:
    if language_tag(value) is None:
        msg = "has not the form of a BCP 47 tag"
        raise ValueError(msg)
    return value


def _time_zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "is no time zone of the IANA database"
        raise ValueError(msg) from None


BootstrapServers = Annotated[str, AfterValidator(_bootstrap_servers)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Language = Annotated[str, AfterValidator(_language)]
Port = Annotated[int, Field(gt=0, lt=65536)]
