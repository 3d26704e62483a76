"""The HTTP application.

Belongs here: routes and status codes. Does not belong here: how a dependency is checked (``checks``).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Check = Callable[[], None]
"""Asks a dependency for a sign of life; raises whatever its client raises where none comes."""

CHECK_SECONDS = 10.0
NAME = "summary-pipeline"


def create_app(checks: Mapping[str, Check]) -> Starlette:
    """Return the application. ``checks`` are run, at the same time, for ``health`` and ``ready``."""

    async def information(_request: Request) -> JSONResponse:
        routes = ["/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"]
        return JSONResponse({"name": NAME, "version": version(NAME), "endpoints": routes})

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        results = await asyncio.gather(*(_run(check) for check in checks.values()))
        report = dict(zip(checks, results, strict=True))
        ok = all(result["status"] == "ok" for result in results)
        return JSONResponse({"status": "ok" if ok else "error", "dependencies": report}, status_code=200 if ok else 503)

    return Starlette(
        routes=[
            Route("/", information),
            Route("/api/v1", information),
            Route("/api/v1/health", ready),
            Route("/api/v1/health/live", live),
            Route("/api/v1/health/ready", ready),
        ]
    )


async def _run(check: Check) -> dict[str, str | float]:
    started = time.monotonic()
    try:
        await asyncio.wait_for(asyncio.to_thread(check), CHECK_SECONDS)
    except TimeoutError:
        return {"status": "error", "message": f"no answer within {CHECK_SECONDS:g} s"}
    except Exception as error:  # noqa: BLE001 -- whatever a client raises is the answer to the question that was asked
        return {"status": "error", "message": f"{type(error).__name__}: {error}"}
    return {"status": "ok", "milliseconds": round((time.monotonic() - started) * 1000, 1)}
