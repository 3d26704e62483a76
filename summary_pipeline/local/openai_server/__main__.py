"""``python -m summary_pipeline.local.openai_server``: the server in a process of its own.

Belongs here: its command line. Does not belong here: listening (``serving``), answering (``app``).
It says where it listens once it does, and ends with status 0 on SIGTERM and SIGINT.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from summary_pipeline.local.openai_server.configuration import Behaviour, ServerConfig
from summary_pipeline.local.openai_server.serving import listening_socket, make_server


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m summary_pipeline.local.openai_server",
        description="A server with OpenAI's API that summarizes offline, by extraction.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 means any free one")
    parser.add_argument("--latency", type=float, default=0, metavar="SECONDS", help="least time a call takes")
    parser.add_argument("--latency-per-output-token", type=float, default=0, metavar="SECONDS", help="added per token")
    parser.add_argument("--requests-per-minute", type=float, metavar="N", help="limit; none unless given")
    parser.add_argument("--tokens-per-minute", type=float, metavar="N", help="limit; none unless given")
    parser.add_argument("--rate-window", type=float, default=10, metavar="SECONDS", help="enforced over (%(default)s)")
    parser.add_argument("--refund-unused-tokens", action="store_true", help="give back unused output tokens")
    parser.add_argument("--answers", choices=("extractive", "leading"), default="extractive", help="(%(default)s)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal comes."""
    options = parse_arguments(arguments)
    behaviour = Behaviour(
        latency_seconds=options.latency,
        latency_per_output_token_seconds=options.latency_per_output_token,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        rate_window_seconds=options.rate_window,
        refund_unused_tokens=options.refund_unused_tokens,
    )
    # uvicorn takes the signals while it serves and raises them again when it has shut down: they end up here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    try:
        listener = listening_socket(options.host, options.port)
    except OSError as error:
        sys.exit(f"can't listen on {options.host}:{options.port}: {error.strerror or error}. Choose another --port.")
    with listener:
        host, port = listener.getsockname()[:2]
        sys.stdout.write(f"listening on http://{host}:{port}/v1\n")
        sys.stdout.flush()
        make_server(ServerConfig(answers=options.answers, behaviour=behaviour), log_level="info").run(
            sockets=[listener]
        )


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
