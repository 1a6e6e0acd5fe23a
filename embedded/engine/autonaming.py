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


def propose(config: Mapping[str, str], urn: str) -> str:
    """The name for a resource, or an empty text where the choice is the provider's.

    What should be random is drawn from the URN: the same resource always gets the same name.
    """
    declared = config.get("pulumi:autonaming")
    if not declared:
        return ""
    pattern = cast("dict[str, str]", json.loads(declared)).get("pattern")
    if pattern is None:
        message = f"pulumi:autonaming {declared} is not understood: only `pattern` is"
        raise ProjectError(message)
    parts = urns.parse(urn)
    digest = hashlib.sha256(urn.encode()).hexdigest()
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
