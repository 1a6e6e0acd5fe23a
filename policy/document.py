"""Policy documents: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from policy.model import Value, dig, text


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; what the grammar lets stand alone or in a list is always a list here."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """(kind, value), as in (Service, lambda.amazonaws.com); anyone is (*, *)."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Operator → key in lower case → values."""
    negated: tuple[str, ...]
    """NotAction, NotResource, NotPrincipal, where the statement has them."""

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys, in lower case: they match in any case."""
        return frozenset(key for operands in self.conditions.values() for key in operands)

    def condition(self, key: str) -> tuple[str, ...]:
        """All values that any operator compares the key with."""
        return tuple(value for operands in self.conditions.values() for value in operands.get(key.lower(), ()))

    @property
    def anyone(self) -> bool:
        """Whether it speaks of every principal."""
        return any(value == "*" for _, value in self.principals)


def statements(document: Value) -> Iterator[Statement]:
    """The statements of a document, given as JSON text or parsed."""
    parsed = text(document)
    for found in _listed(dig(parsed, "Statement")):
        body: Mapping[str, Any] = found
        yield Statement(
            sid=str(body.get("Sid", "")),
            allows=body.get("Effect") == "Allow",
            actions=_texts(body.get("Action")),
            resources=_texts(body.get("Resource")),
            principals=tuple(_principals(body.get("Principal"))),
            conditions={
                operator: {key.lower(): _texts(value) for key, value in operands.items()}
                for operator, operands in cast("Mapping[str, Mapping[str, Any]]", body.get("Condition") or {}).items()
            },
            negated=tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if key in body),
        )


def allowed(document: Value) -> Iterator[Statement]:
    """Those that allow."""
    return (statement for statement in statements(document) if statement.allows)


def denies_plain_http(document: Value, resources: Sequence[str], service: str) -> bool:
    """Whether anyone's requests to all of `resources` are denied unless they come over TLS."""
    covered: set[str] = set()
    for statement in statements(document):
        if (
            not statement.allows
            and statement.anyone
            and statement.condition("aws:SecureTransport") == ("false",)
            and set(statement.actions) & {"*", f"{service}:*", "sns:Publish"}
        ):
            covered.update(statement.resources)
    return covered.issuperset(resources)


def _principals(value: Value) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for kind, names in cast("Mapping[str, Any]", value).items():
            for name in _texts(names):
                yield kind, name
    elif value is not None:
        yield "*", str(value)


def _listed(value: Value) -> list[Any]:
    if value is None:
        return []
    return list(cast("list[Any]", value)) if isinstance(value, list) else [value]


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(value))
