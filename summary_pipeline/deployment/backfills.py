"""Launching an asset backfill through the API that Dagster's UI uses, so that it is one like any launched there.

Belongs here: the requests to the webserver. Does not belong here: which videos (``database.selection``), or what a run
does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from summary_pipeline.defs.job import ASSETS, JUDGEMENT
from summary_pipeline.defs.partitions import partition_key, videos

TIMEOUT_SECONDS: Final = 120.0
"""A list of 100,000 partitions takes a second, checking a large backfill a few."""
MAX_TITLE_CHARACTERS: Final = 100
"""Dagster's own limit."""
_PARTITIONS_A_REQUEST: Final = 100

_ASSET = """query($asset: AssetKeyInput!) { assetNodeOrError(assetKey: $asset) { __typename ... on AssetNode {
    partitionKeys repository { name location { name } } } } }"""
_LAUNCH = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""


class BackfillError(Exception):
    """Dagster did not launch a backfill; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LaunchedBackfill:
    """A backfill that Dagster's daemon now works on. ``added_partitions`` videos had no partition before."""

    backfill_id: str
    url: str
    added_partitions: int


def launch_backfill(dagster_url: str, video_ids: Sequence[int], *, title: str, description: str) -> LaunchedBackfill:
    """Have all assets of these videos made again, one run for each video.

    Args:
        dagster_url: Where Dagster's webserver is, as a browser shows it.
        video_ids: At least one.
        title: What the UI lists the backfill under; cut off where Dagster would refuse it for its length.
        description: What the UI tells about it.

    Raises:
        BackfillError: the webserver did not answer, or refused.
    """
    keys = [partition_key(video_id) for video_id in video_ids]
    with httpx2.Client(base_url=dagster_url, timeout=TIMEOUT_SECONDS) as client:
        node = _asset_node(client)
        known = set(node["partitionKeys"])
        missing = [key for key in keys if key not in known]
        for start in range(0, len(missing), _PARTITIONS_A_REQUEST):
            _add_partitions(client, node["repository"], missing[start : start + _PARTITIONS_A_REQUEST])
        assets = [*ASSETS, *([JUDGEMENT] if _is_asset(_find_asset(client, JUDGEMENT)) else [])]
        params = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": keys,
            "title": title[:MAX_TITLE_CHARACTERS],
            "description": description,
        }
        answer = _query(client, _LAUNCH, params=params)["launchPartitionBackfill"]
    if answer["__typename"] != "LaunchBackfillSuccess":
        raise BackfillError(f"Dagster refused the backfill: {answer.get('message', answer['__typename'])}")
    backfill_id: str = answer["backfillId"]
    return LaunchedBackfill(backfill_id, f"{dagster_url}/runs/b/{backfill_id}", len(missing))


def _asset_node(client: httpx2.Client) -> Mapping[str, Any]:
    """Return the partitions that there are, and the code location, which is named differently in each deployment."""
    node = _find_asset(client, ASSETS[-1])
    if not _is_asset(node):
        raise BackfillError(
            f"Dagster at {client.base_url} knows no asset {ASSETS[-1]!r}. Is that this pipeline's Dagster, and is its "
            "code location loaded (see Deployment in the UI)?"
        )
    return node


def _find_asset(client: httpx2.Client, name: str) -> Mapping[str, Any]:
    node: Mapping[str, Any] = _query(client, _ASSET, asset={"path": [name]})["assetNodeOrError"]
    return node


def _is_asset(node: Mapping[str, Any]) -> bool:
    return bool(node["__typename"] == "AssetNode")


def _add_partitions(client: httpx2.Client, repository: Mapping[str, Any], keys: Sequence[str]) -> None:
    fields = " ".join(
        f"""k{key}: addDynamicPartition(partitionKey: "{key}", partitionsDefName: $name, repositorySelector: $in) {{
            __typename ... on Error {{ message }} }}"""
        for key in keys
    )
    answers = _query(
        client,
        f"mutation($name: String!, $in: RepositorySelector!) {{ {fields} }}",
        name=videos.name,
        **{"in": {"repositoryName": repository["name"], "repositoryLocationName": repository["location"]["name"]}},
    )
    for answer in answers.values():
        # A duplicate is a partition that an event has added since.
        if answer["__typename"] not in {"AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"}:
            raise BackfillError(f"Dagster refused a partition: {answer.get('message', answer['__typename'])}")


def _query(client: httpx2.Client, text: str, **variables: object) -> Mapping[str, Any]:
    try:
        response = client.post("/graphql", json={"query": text, "variables": variables})
        response.raise_for_status()
        answer = response.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise BackfillError(
            f"Dagster's webserver at {client.base_url} did not answer as one: {error}. Start it, or say where it is "
            "with --dagster-url or SUMMARY_DAGSTER_URL."
        ) from error
    if "errors" in answer:
        raise BackfillError("; ".join(str(error["message"]) for error in answer["errors"]))
    data: Mapping[str, Any] = answer["data"]
    return data
