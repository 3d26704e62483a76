"""The files of one summary in the bucket: the current ones, and a copy for each version.

Belongs here: which objects are written and copied, in which order. Does not belong here: when that happens
(``database.persistence``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from summary_pipeline.contract.object_keys import (
    summary_json_key,
    summary_text_key,
    summary_version_json_key,
    summary_version_text_key,
)
from summary_pipeline.resources.object_store import ObjectMissingError, ObjectStore

VERSION_METADATA: Final = "summary-version"
"""S3 metadata of what ``write`` writes. A current file without it was written by somebody else."""

_KeyOf = Callable[[int], str]
_VersionKeyOf = Callable[[int, str], str]
_PAIRS: Final[tuple[tuple[_KeyOf, _VersionKeyOf], ...]] = (
    (summary_json_key, summary_version_json_key),
    (summary_text_key, summary_version_text_key),
)


@dataclass(frozen=True, slots=True)
class StoredSummaryFiles:
    """A summary's document and plain text, ready to be written (``database.versions.SummaryFiles``).

    Both methods may be repeated after any error, and raise ``ObjectStoreError``s.
    """

    objects: ObjectStore
    video_id: int
    document: bytes
    text: bytes

    def keep_found(self, version: str) -> bool:
        """Copy the current files to a version's keys unless ``write`` wrote them; tell whether it has a document."""
        for current_key, version_key in _PAIRS:
            current = current_key(self.video_id)
            if self._is_from_elsewhere(current):
                self.objects.copy(current, version_key(self.video_id, version))
        return self._exists(summary_version_json_key(self.video_id, version))

    def write(self, version: str) -> None:
        """Write the version's files, then the current ones."""
        keys = [version_key(self.video_id, version) for _, version_key in _PAIRS]
        keys += [current_key(self.video_id) for current_key, _ in _PAIRS]
        bodies = (
            (self.document, "application/json"),
            (self.text, "text/plain; charset=utf-8"),
        )
        for key, (body, content_type) in zip(keys, bodies * 2, strict=True):
            self.objects.write(key, body, content_type=content_type, metadata={VERSION_METADATA: version})

    def _is_from_elsewhere(self, key: str) -> bool:
        try:
            return VERSION_METADATA not in self.objects.metadata(key)
        except ObjectMissingError:
            return False

    def _exists(self, key: str) -> bool:
        try:
            self.objects.metadata(key)
        except ObjectMissingError:
            return False
        return True
