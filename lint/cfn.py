"""cfn-lint over the captured resources: AWS's own resource schemas, formats and limits."""

import copy
import json
from collections.abc import Iterator
from typing import cast

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from lint.cloudformation import templates
from lint.findings import Finding
from tests.support.captured import Stack

TOOL = "cfn-lint"


def findings(stack: Stack) -> Iterator[Finding]:
    """All errors and warnings. Raises `MappingError` for what CloudFormation has no name for."""
    for region, template in templates(copy.deepcopy(stack)).items():
        options = ManualArgs(regions=[region])
        for match in lint(json.dumps(template.body(), indent=1), config=options):
            path = [str(part) for part in cast("list[object]", getattr(match, "path", None) or [])]
            logical = path[1] if len(path) > 1 and path[0] == "Resources" else ""
            where = ".".join(path[3:])
            label = template.labels.get(logical, "template")
            yield Finding(TOOL, match.rule.id, stack.name, label, f"{where}: {match.message}".lstrip(": "))
