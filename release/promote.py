"""Release, promotion, rollback: who writes a promotion file, and when it is refused."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from functions.contracts.code import code_digest
from infra.promotion import TARGETS, Architecture, Content, Environment, Promotion, parse, path, read
from release.content import differences
from release.git import Checkout
from release.registry import Registry
from release.stacks import ENVIRONMENTS

_BLOCKING = "CRITICAL"
_SHOWN_COMMITS = 20


class RefusedError(Exception):
    """What stands against it, one reason per line."""

    def __init__(self, what: str, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join([f"{what} is refused:", *(f"  - {reason}" for reason in reasons)]))
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every command works on; a test gives its own."""

    checkout: Checkout
    directory: Path
    """Of the promotion files."""
    content: Callable[[], Content]
    """Of the checkout."""
    registry: Callable[[Environment], Registry]


def release(desk: Desk, outputs: Mapping[str, str]) -> Promotion:
    """Dev's file, from the outputs of the dev stack: what runs there, under a name that never expires.

    Raises RefusedError where the checkout is not what dev runs, and ImageError.
    """
    head = desk.checkout.head()
    reasons = list(_dirt(desk))
    missing = [name for name in ("commit", "code_digest", *(f"image_{one}" for one in TARGETS)) if name not in outputs]
    if missing:
        reasons.append(f"the stack has no output {', '.join(missing)}: deploy dev from this checkout first")
    elif outputs["commit"] != head or outputs["code_digest"] != code_digest(desk.checkout.root):
        reasons.append(f"dev runs {outputs['commit']}, the checkout is {head}: deploy dev from it first")
    if reasons:
        raise RefusedError("the release", tuple(reasons))
    registry = desk.registry("dev")
    images: dict[str, dict[str, str]] = {}
    for target in TARGETS:
        digest = outputs[f"image_{target}"].rpartition("@")[2]
        images[target] = {registry.architecture(target, digest): digest}
    for target, built in images.items():
        for digest in built.values():
            registry.tag(target, digest, f"release-{head}")
    document = {"version": 1, "environment": "dev", "commit": head, "images": images}
    promotion = Promotion.model_validate(document | {"content": desk.content()})
    write(desk, promotion)
    return promotion


def prepare(desk: Desk, source: Environment, target: Environment) -> tuple[Promotion, str]:
    """What would be written for `target`, and what a person looks at before. Raises RefusedError, PromotionError."""
    if ENVIRONMENTS.index(target) - ENVIRONMENTS.index(source) != 1:
        allowed = ", ".join(f"{one} to {two}" for one, two in pairwise(ENVIRONMENTS))
        raise RefusedError("the promotion", (f"{source} to {target} is no step; steps are {allowed}",))
    offered = read(desk.directory, source)
    reasons = [*_dirt(desk), *drift(desk, offered), *_unfit(desk.registry(target), offered)]
    if reasons:
        raise RefusedError(f"the promotion of {offered.commit[:12]} to {target}", tuple(reasons))
    promotion = offered.model_copy(update={"environment": target})
    current = read(desk.directory, target) if path(desk.directory, target).exists() else None
    return promotion, "\n".join(_described(desk, current, promotion))


def previous(desk: Desk, environment: Environment) -> Promotion:
    """What the environment ran before, from history. Raises RefusedError, PromotionError, GitError."""
    file = path(desk.directory, environment)
    reasons = list(_dirt(desk))
    now = read(desk.directory, environment)
    for commit in desk.checkout.versions(file):
        before = parse(desk.checkout.read(commit, file), environment, name=f"{file.name} of {commit[:12]}")
        if before != now and not before.example:
            break
    else:
        raise RefusedError(f"the rollback of {environment}", ("history holds no other promotion of it",))
    registry = desk.registry(environment)
    reasons += _absent(registry, before)
    if reasons:
        raise RefusedError(f"the rollback of {environment} to {before.commit[:12]}", tuple(reasons))
    return before


def drift(desk: Desk, promotion: Promotion) -> Iterator[str]:
    """Why the checkout is not what was released; a commit that changed none of it (documents, tests) is no drift."""
    if promotion.example:
        name = path(desk.directory, promotion.environment).name
        yield f"{name} is the example: nothing was released. Deploy dev, then `make release`"
        return
    if changed := list(differences(promotion.content, desk.content())):
        yield (
            f"drift: {promotion.commit[:12]} was released, the checkout is {desk.checkout.head()[:12]} and differs in "
            f"{'; '.join(changed)}. Check that commit out, or release this one"
        )


def describe(desk: Desk, promotion: Promotion) -> str:
    """What writing it would change, for a person."""
    file = path(desk.directory, promotion.environment)
    current = read(desk.directory, promotion.environment) if file.exists() else None
    return "\n".join(_described(desk, current, promotion))


def write(desk: Desk, promotion: Promotion) -> None:
    """The file of its environment."""
    desk.directory.mkdir(exist_ok=True)
    text = json.dumps(promotion.model_dump(mode="json"), indent=2)
    path(desk.directory, promotion.environment).write_text(f"{text}\n")


def _dirt(desk: Desk) -> Iterator[str]:
    if changes := desk.checkout.changes():
        yield f"the tree is dirty: {', '.join(changes)}. Commit or remove it"


def _absent(registry: Registry, promotion: Promotion) -> Iterator[str]:
    for target, images in promotion.images.items():
        for architecture, digest in images.items():
            if not registry.has(target, digest):
                yield f"{registry.base}/{target} has no image {digest} ({architecture})"


def _unfit(registry: Registry, promotion: Promotion) -> Iterator[str]:
    absent = list(_absent(registry, promotion))
    yield from absent
    if absent:
        return
    for target, images in promotion.images.items():
        for architecture, digest in images.items():
            scan = registry.scan(target, digest)
            if not scan.done:
                yield f"{target} ({architecture}) was not scanned: status {scan.status}. Scan {digest} and wait for it"
            elif critical := scan.findings.get(_BLOCKING, 0):
                yield f"{target} ({architecture}) has {critical} critical findings: build it on a newer base"


def _described(desk: Desk, current: Promotion | None, promotion: Promotion) -> Iterator[str]:
    yield f"{promotion.environment}: {current.commit[:12] if current else 'nothing'} → {promotion.commit[:12]}"
    if current is None:
        yield "  everything is new"
        return
    for target in TARGETS:
        old, new = current.images[target], promotion.images[target]
        architectures: set[Architecture] = {*old, *new}
        for architecture in sorted(architectures):
            if old.get(architecture) != new.get(architecture):
                yield f"  image {target} ({architecture}): {old.get(architecture)} → {new.get(architecture)}"
    for line in differences(current.content, promotion.content):
        yield f"  {line}"
    subjects = desk.checkout.subjects(current.commit, promotion.commit)
    for line in subjects[:_SHOWN_COMMITS]:
        yield f"    {line}"
    if len(subjects) > _SHOWN_COMMITS:
        yield f"    … and {len(subjects) - _SHOWN_COMMITS} more: git log {current.commit[:12]}..{promotion.commit[:12]}"
    yield f"  permissions in full: git diff {current.commit[:12]} {promotion.commit[:12]} -- infra"
