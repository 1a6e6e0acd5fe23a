"""Where a rule does not hold, and why. One that excuses nothing is a mistake."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

_BOOTSTRAP = "urn:pulumi:*::shoppable-video-bootstrap::aws:iam"
_GRANTS = ("iam-no-wildcard-actions", "iam-named-resources", "iam-named-keys")


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """Rules that say nothing about resources whose URN matches."""

    rules: tuple[str, ...]
    resources: str
    reason: str

    def covers(self, rule: str, urn: str) -> bool:
        """Whether the rule is excused for the resource."""
        return rule in self.rules and fnmatchcase(urn, self.resources)


EXEMPTIONS = (
    Exemption(
        rules=_GRANTS,
        resources=f"{_BOOTSTRAP}/policy:Policy::deployers",
        reason="A permissions boundary grants nothing: it says what a role of CI can be given at most.",
    ),
    Exemption(
        rules=(*_GRANTS, "iam-pass-role"),
        resources=f"{_BOOTSTRAP}/rolePolicy:RolePolicy::*-deploy",
        reason="A deploy role makes what does not exist yet: it is bound to its environment's names and tags instead, "
        "and by the boundary. tests/infra/test_deployers.py holds it to what the program needs.",
    ),
)


def excused(rule: str, urn: str) -> bool:
    """Whether any exemption covers it."""
    return any(exemption.covers(rule, urn) for exemption in EXEMPTIONS)
