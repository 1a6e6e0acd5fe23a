"""The segments' artefacts and analysis.json in the analysis bucket."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter

from functions.contracts.analysis import Analysis
from functions.contracts.video import Segment, TimelineInput
from functions.shared import artefacts, aws
from functions.shared.objects import get_bytes, get_json, put_json
from functions.shoppable.shots import SegmentShots
from functions.shoppable.sightings import SegmentMatches
from functions.video.build_timeline.env import Environment
from functions.video.build_timeline.logic import SegmentResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SEGMENTS = TypeAdapter(tuple[Segment, ...])
_READERS = 16


@dataclass(frozen=True, kw_only=True)
class Store:
    """Reads and writes the artefacts of one analysis. Raises Transient or Permanent."""

    s3: "S3Client"
    bucket: str

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """The store with the container's client."""
        return cls(s3=aws.s3(), bucket=environment.analysis_bucket)

    def segments(self, order: TimelineInput) -> list[SegmentResult]:
        """Every segment's results, in order of time."""
        planned = _SEGMENTS.validate_json(get_bytes(self.s3, self.bucket, order.segments_key))
        with ThreadPoolExecutor(_READERS) as readers:
            return list(readers.map(self._result, [order.prefix] * len(planned), planned))

    def _result(self, prefix: str, segment: Segment) -> SegmentResult:
        index = segment.index
        shots = get_json(self.s3, self.bucket, artefacts.segment_key(prefix, index, "shots.json"), SegmentShots)
        matches = get_json(self.s3, self.bucket, artefacts.segment_key(prefix, index, "matches.json"), SegmentMatches)
        return SegmentResult(shots=shots, matches=matches)

    def put_analysis(self, key: str, analysis: Analysis) -> None:
        """Canonical JSON."""
        put_json(self.s3, self.bucket, key, analysis)
