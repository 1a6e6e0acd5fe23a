"""A Pulumi engine: runs a project's unmodified program in a subprocess and deploys what it registers.

`run(project_dir, stack, preview=True)` needs neither daemon nor network: unknowns stay unknown, every resource's inputs
are checked against the provider. `run(project_dir, stack, preview=False, provider=AwsProvider(...))` deploys; with
`state=` of the last deployment, it makes the difference. `destroy(snapshot, ...)` removes a stack.
"""

from embedded.engine.destroy import Destroyed, destroy
from embedded.engine.model import (
    Created,
    Deployment,
    DeploymentFailed,
    Diff,
    Event,
    Provider,
    ProviderError,
    Resource,
    Snapshot,
    Step,
)
from embedded.engine.run import run

__all__ = [
    "Created",
    "Deployment",
    "DeploymentFailed",
    "Destroyed",
    "Diff",
    "Event",
    "Provider",
    "ProviderError",
    "Resource",
    "Snapshot",
    "Step",
    "destroy",
    "run",
]
