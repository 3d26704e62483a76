import threading

import httpx
import pytest

from summary_pipeline.health import app as health_app
from summary_pipeline.health.app import Check, Detail, create_app


def answering() -> None:
    """A dependency that is there."""


def refusing() -> None:
    raise ConnectionRefusedError("127.0.0.1:5432 refused")


async def get(path: str, **checks: Check) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app(checks))
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/", "/api/v1"])
async def test_the_service_says_what_it_is(path: str) -> None:
    response = await get(path)
    assert response.status_code == 200
    assert response.json()["name"] == "summary-pipeline"


async def test_the_process_lives_whatever_its_dependencies_do() -> None:
    response = await get("/api/v1/health/live", postgresql=refusing)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/health/ready"])
async def test_it_is_ready_when_every_dependency_answers(path: str) -> None:
    response = await get(path, postgresql=answering, kafka=answering)
    assert response.status_code == 200
    assert response.json()["dependencies"]["kafka"]["status"] == "ok"


async def test_a_dependency_that_refuses_is_named_with_its_reason() -> None:
    response = await get("/api/v1/health/ready", postgresql=refusing, kafka=answering)
    assert response.status_code == 503
    assert response.json()["dependencies"]["postgresql"] == {
        "status": "error",
        "message": "ConnectionRefusedError: 127.0.0.1:5432 refused",
    }


async def test_a_dependency_that_hangs_does_not_hang_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_app, "CHECK_SECONDS", 0.05)
    released = threading.Event()

    def hanging() -> None:
        released.wait(30)

    try:
        response = await get("/api/v1/health/ready", s3=hanging)
    finally:
        released.set()
    assert response.status_code == 503
    assert "no answer within" in response.json()["dependencies"]["s3"]["message"]


async def details(**asked: Detail) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app({"postgresql": answering}, asked))
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.get("/api/v1/health")


async def test_health_shows_numbers() -> None:
    response = await details(outbox=lambda: {"unpublished": 3, "oldest_seconds": None})
    assert response.status_code == 200
    assert response.json()["details"] == {"outbox": {"unpublished": 3, "oldest_seconds": None}}


async def test_numbers_that_can_not_be_had_are_told_and_decide_nothing() -> None:
    def refuse() -> dict[str, int]:
        raise ConnectionRefusedError("127.0.0.1:5432 refused")

    response = await details(outbox=refuse, videos=lambda: {"stuck": 0})
    assert response.status_code == 200
    assert response.json()["details"] == {
        "outbox": {"message": "ConnectionRefusedError: 127.0.0.1:5432 refused"},
        "videos": {"stuck": 0},
    }


async def test_readiness_asks_for_no_numbers() -> None:
    assert "details" not in (await get("/api/v1/health/ready", postgresql=answering)).json()
