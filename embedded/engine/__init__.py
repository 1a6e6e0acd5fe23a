"""A Pulumi engine: runs a project's unmodified program in a subprocess and deploys what it registers.

`run(project_dir, stack, preview=True)` needs neither daemon nor network: unknowns stay unknown, every resource's inputs
are checked against the provider. `run(project_dir, stack, preview=False, provider=AwsProvider(...))` deploys.
"""

from embedded.engine.model import Created, Deployment, DeploymentFailed, Event, Provider, ProviderError, Resource
from embedded.engine.run import run

__all__ = ["Created", "Deployment", "DeploymentFailed", "Event", "Provider", "ProviderError", "Resource", "run"]
