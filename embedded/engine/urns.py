"""URNs in the engine's format: `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`."""

from dataclasses import dataclass

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Urn:
    """The parts of a URN; `qualified_type` holds the parents' types, joined by `$`."""

    stack: str
    project: str
    qualified_type: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type."""
        return self.qualified_type.rpartition("$")[2]

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.qualified_type}::{self.name}"


def parse(urn: str) -> Urn:
    """Read a URN; the name may itself contain `::`."""
    prefix, project, qualified_type, name = urn.split("::", 3)
    return Urn(prefix.removeprefix("urn:pulumi:"), project, qualified_type, name)


def make(stack: str, project: str, parent: str, type_token: str, name: str) -> str:
    """The URN of a resource; the stack itself is no part of its children's types."""
    qualified = type_token
    if parent:
        above = parse(parent).qualified_type
        if above != STACK_TYPE:
            qualified = f"{above}${type_token}"
    return str(Urn(stack, project, qualified, name))


def inherited_alias(parent: str, parent_alias: str, type_token: str, name: str) -> str:
    """Where a child was while its parent still had the URN `parent_alias`; a name made from the parent's follows it."""
    old, new = parse(parent_alias), parse(parent)
    child = old.name + name.removeprefix(new.name) if name.startswith(new.name) else name
    return make(old.stack, old.project, parent_alias, type_token, child)
