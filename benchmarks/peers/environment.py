"""The peers' environment: made once from the lock, found again by its hash.

Belongs here: installing, and the variables a peer needs to work without internet. The lock is made anew with::

    cd benchmarks/peers && uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.lock
"""

import hashlib
import os
import subprocess
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
REPOSITORY = HERE.parents[1]
CACHE = REPOSITORY / ".data" / "bench-peers"
SHOWN = ("langchain-classic", "langchain-openai", "llama-index-core", "llama-index-llms-openai-like")


def prepared_environment() -> Path:
    """Return the directory of the peers' environment, installed if it is not there yet (a minute)."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = CACHE / key
    done = directory / ".installed"
    if not done.exists():
        print(f"Installing LangChain and LlamaIndex into {directory} ...", file=sys.stderr)
        venv.create(directory, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        subprocess.run([python_of(directory), *install, "-r", LOCK], check=True)  # noqa: S603 - our own lock
        done.touch()
    return directory


def python_of(directory: Path) -> str:
    """Return the environment's interpreter."""
    return str(directory / "bin" / "python")


def peer_variables(directory: Path) -> dict[str, str]:
    """Return the environment variables a peer runs with: tiktoken's ranks are those that LlamaIndex ships."""
    ranks = _site_packages(directory) / "llama_index" / "core" / "_static" / "tiktoken_cache"
    if not ranks.is_dir():
        raise FileNotFoundError(f"{ranks} is missing: llama-index-core no longer ships tiktoken's ranks")
    return {**os.environ, "TIKTOKEN_CACHE_DIR": str(ranks), "PYTHONWARNINGS": "ignore"}


def peer_versions(directory: Path) -> dict[str, str]:
    """Return the versions that are compared."""
    found = {found.name: found.version for found in distributions(path=[str(_site_packages(directory))])}
    return {name: found[name] for name in SHOWN}


def _site_packages(directory: Path) -> Path:
    return next((directory / "lib").glob("python3.*/site-packages"))
