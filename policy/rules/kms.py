"""Keys: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"""

from collections.abc import Iterator

from policy.document import allowed
from policy.model import GUARDED, Resource, ResourceRule, Stack, StackRule, environment, every_has, unless

_KEY = "kms/key:Key"
_POLICIES = (_KEY, "kms/keyPolicy:KeyPolicy")
_WINDOW_DAYS = 30

_HARMLESS = frozenset(("kms:DescribeKey",))
"""Looking at a key has no source and no encryption context that a condition could name."""


def _rotated(key: Resource) -> Iterator[str]:
    yield from unless(key.get("enableKeyRotation") is True, "its material is never replaced")


def _slow_to_delete(key: Resource) -> Iterator[str]:
    days = key.get("deletionWindowInDays")
    yield from unless(days is None or days >= _WINDOW_DAYS, f"it is gone after {days} days, for good")
    yield from unless(not key.get("bypassPolicyLockoutSafetyCheck"), "its policy may lock everyone out")


def _has_policy(key: Resource) -> Iterator[str]:
    yield from unless(key.get("policy"), "its policy is KMS's default")


def _private(key: Resource) -> Iterator[str]:
    for statement in allowed(key.get("policy")):
        yield from unless(not statement.anyone, f"{statement.sid} allows anyone")
        yield from unless(not statement.negated, f"{statement.sid} allows by exclusion")


def _services(key: Resource) -> Iterator[str]:
    for statement in allowed(key.get("policy")):
        if not any(kind == "Service" for kind, _ in statement.principals) or _HARMLESS.issuperset(statement.actions):
            continue
        named = any(
            condition in ("aws:sourcearn", "aws:sourceaccount") or condition.startswith("kms:encryptioncontext:")
            for condition in statement.keys
        )
        yield from unless(named, f"{statement.sid} lets a service use the key on anyone's behalf")
        yield from unless("kms:*" not in statement.actions, f"{statement.sid} lets a service administer the key")


def _kept(key: Resource, _stack: Stack) -> Iterator[str]:
    if environment(key) in GUARDED:
        yield from unless(key.protect, "pulumi may schedule its deletion, and with it all that it encrypts")


RULES = (
    ResourceRule(
        name="kms-rotated",
        demands="Keys are rotated every year",
        types=(_KEY,),
        severity="medium",
        check=_rotated,
    ),
    ResourceRule(
        name="kms-deletion-window",
        demands=f"A deletion can be taken back for {_WINDOW_DAYS} days",
        types=(_KEY,),
        severity="medium",
        check=_slow_to_delete,
    ),
    ResourceRule(
        name="kms-policy",
        demands="A key's policy is written down",
        types=(_KEY,),
        severity="high",
        check=_has_policy,
    ),
    ResourceRule(
        name="kms-private",
        demands="Key policies name whom they allow",
        types=_POLICIES,
        severity="critical",
        check=_private,
    ),
    ResourceRule(
        name="kms-services",
        demands="A service uses a key on behalf of named resources or under a named encryption context only",
        types=_POLICIES,
        severity="high",
        check=_services,
    ),
    every_has(
        name="kms-alias",
        subject=_KEY,
        attachment="kms/alias:Alias",
        by="targetKeyId",
        severity="low",
        demands="A person can tell one key from another: every key has an alias",
    ),
    StackRule(
        name="kms-kept",
        demands="In staging and prod no update deletes a key",
        types=(_KEY,),
        severity="critical",
        check=_kept,
    ),
)
