"""Names of resources that the program leaves unnamed: `pulumi:autonaming` of the project's configuration.

https://www.pulumi.com/docs/iac/concepts/resources/names/#customizing-autonaming
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import cast

from embedded.engine import urns
from embedded.engine.project import ProjectError


def seed(urn: str, generation: int) -> str:
    """Hex digits for the names of a resource in one of its generations."""
    return hashlib.sha256(f"{urn}#{generation}".encode() if generation else urn.encode()).hexdigest()


def propose(config: Mapping[str, str], urn: str, generation: int = 0) -> str:
    """The name for a resource, or an empty text where the choice is the provider's.

    What should be random is drawn from the URN: the same resource always gets the same name, until it is replaced.
    """
    declared = config.get("pulumi:autonaming")
    if not declared:
        return ""
    pattern = cast("dict[str, str]", json.loads(declared)).get("pattern")
    if pattern is None:
        message = f"pulumi:autonaming {declared} is not understood: only `pattern` is"
        raise ProjectError(message)
    parts = urns.parse(urn)
    digest = seed(urn, generation)
    fixed = {"project": parts.project, "stack": parts.stack, "name": parts.name}

    def expression(match: re.Match[str]) -> str:
        name, length = match[1], match[2]
        if length is None and name in fixed:
            return fixed[name]
        if length is not None and name in ("hex", "alphanum"):
            return digest[: int(length)]
        if length is not None and name == "num":
            return str(int(digest, 16))[-int(length) :]
        message = f"pulumi:autonaming: {match[0]} is not understood"
        raise ProjectError(message)

    return re.sub(r"\$\{(\w+)(?:\((\d+)\))?\}", expression, pattern)
