"""cfn-lint over the captured resources: AWS's own resource schemas, formats and limits."""

import copy
import functools
import json
from collections.abc import Iterator
from typing import cast

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.rules import Rules
from cfnlint.runner import Runner
from cfnlint.runner.template import run_template_by_data

from lint.cloudformation import templates
from lint.findings import Finding
from tests.support.captured import Stack

TOOL = "cfn-lint"


def findings(stack: Stack) -> Iterator[Finding]:
    """All errors and warnings. Raises `MappingError` for what CloudFormation has no name for."""
    for region, template in templates(copy.deepcopy(stack)).items():
        decoded, errors = decode_str(json.dumps(template.body(), indent=1))
        found = run_template_by_data(decoded, ConfigMixIn(regions=[region]), _rules()) if decoded else errors
        for match in found:
            path = [str(part) for part in cast("list[object]", getattr(match, "path", None) or [])]
            logical = path[1] if len(path) > 1 and path[0] == "Resources" else ""
            where = ".".join(path[3:])
            label = template.labels.get(logical, "template")
            yield Finding(TOOL, match.rule.id, stack.name, label, f"{where}: {match.message}".lstrip(": "))


@functools.cache
def _rules() -> Rules:
    """Its own; left to itself it reads them anew for each template."""
    return Runner(ConfigMixIn()).rules
