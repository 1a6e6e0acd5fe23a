"""Environment of PlanSegments."""

from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    """Names and tuning that infra gives the function."""

    analysis_bucket: str = Field(alias="ANALYSIS_BUCKET")
    delivery_bucket: str = Field(alias="DELIVERY_BUCKET")
    key_arn: str = Field(alias="KEY_ARN")
    """Of the KMS key that MediaConvert encrypts the renditions with."""
    segment_seconds: int = Field(alias="SEGMENT_SECONDS", ge=1)

    @classmethod
    def from_process(cls) -> "Environment":
        """The running process's environment; cached."""
        return load(cls)
