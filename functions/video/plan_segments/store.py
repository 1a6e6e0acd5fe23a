"""segments.json in the analysis bucket: what the Distributed Map reads."""

from collections.abc import Sequence

from functions.contracts.video import Segment
from functions.shared import aws
from functions.shared.objects import put_json


def store_segments(bucket: str, key: str, segments: Sequence[Segment]) -> None:
    """A JSON array of Segment. Raises Transient or Permanent."""
    put_json(aws.s3(), bucket, key, list(segments))
