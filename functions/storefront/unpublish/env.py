"""Environment of Unpublish."""

from pydantic import Field

from functions.contracts.base import Contract
from functions.shared.environment import load


class Environment(Contract):
    """Names and tuning that infra gives the function."""

    delivery_bucket: str = Field(alias="DELIVERY_BUCKET")
    videos_table: str = Field(alias="VIDEOS_TABLE")
    distribution_id: str = Field(alias="DISTRIBUTION_ID")
    event_bus_name: str = Field(alias="EVENT_BUS_NAME")

    @classmethod
    def from_process(cls) -> "Environment":
        """The running process's environment; cached."""
        return load(cls)
