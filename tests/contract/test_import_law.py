"""Who may import whom (docs/architecture.md): read from the source, so that no import is needed to find it out."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_STEPS = sorted(path.parent for path in (ROOT / "functions").glob("*/*/handler.py"))
_PARTS = ("catalogue", "video", "storefront", "operations", "intake", "foundation", "settings", "transcoder")


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _imports(path: Path, *, at_import_time: bool = False) -> Iterator[str]:
    """Modules that a file imports, dotted. At import time: without those inside functions and under TYPE_CHECKING."""
    tree = ast.parse(path.read_text())
    if at_import_time:
        nodes = [node for top in tree.body if not _is_type_checking(top) for node in _outside_functions(top)]
    else:
        nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _outside_functions(child)


def _under(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("functions", ("infra", "embedded", "shop", "demo", "pulumi", "pulumi_aws", "pulumi_docker_build")),
        ("functions/shoppable", ("boto3", "botocore")),
        ("functions/contracts", ("boto3", "botocore", "cv2", "av", "numpy", "faiss", "functions.shared")),
        ("infra", ("embedded", "shop", "demo", "release", "boto3", "botocore")),
        ("release", ("embedded", "shop", "demo", "pulumi_aws")),
        ("embedded", ("infra", "functions", "shop", "demo")),
        ("shop", ("infra", "embedded", "demo", "pulumi")),
        ("demo", ("infra", "embedded", "shop", "functions", "pulumi")),
        ("permissions", ("infra", "functions", "shop", "demo", "pulumi", "pulumi_aws", "release")),
        ("policy", ("infra", "functions", "shop", "demo", "release", "pulumi_aws")),
        # What a rule says must not depend on who asks: the pack, its tests, or a person.
        ("policy/rules", ("embedded", "pulumi", "pulumi_policy")),
        ("bootstrap", ("embedded", "shop", "demo", "functions", "release", "policy")),
    ],
)
def test_a_folder_never_imports(folder: str, forbidden: tuple[str, ...]) -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in _sources(folder)
        for module in _imports(path)
        if _under(module, *forbidden)
    ]
    assert not broken


def test_infra_imports_of_functions_contracts_and_models_of_variables_only() -> None:
    for path in [*_sources("infra"), ROOT / "__main__.py"]:
        for module in _imports(path):
            if _under(module, "functions"):
                parts = module.removesuffix(".Environment").split(".")
                assert parts[1] == "contracts" or parts[-1] == "env", f"{path.name} imports {module}"


def test_bootstrap_imports_of_infra_only_how_a_mistake_is_answered() -> None:
    for path in _sources("bootstrap"):
        for module in _imports(path):
            if _under(module, "infra"):
                assert module == "infra" or _under(module, "infra.configuration"), f"{path.name}: {module}"


def test_shop_imports_of_functions_contracts_only() -> None:
    for path in _sources("shop"):
        for module in _imports(path):
            assert not _under(module, "functions") or _under(module, "functions.contracts"), f"{path.name}: {module}"


def test_components_know_no_part_and_nothing_of_the_product() -> None:
    for path in _sources("infra/components"):
        for module in _imports(path):
            assert not _under(module, "functions", *(f"infra.{part}" for part in _PARTS)), f"{path.name}: {module}"
        words = path.read_text().lower()
        for word in ("video", "product ", "catalogue", "frame-"):
            assert word not in words, f"{path.name} speaks of {word}"


def test_models_of_variables_bring_nothing_along() -> None:
    for path in sorted((ROOT / "functions").glob("*/*/env.py")):
        for module in _imports(path):
            allowed = _under(module, "pydantic", "typing", "functions.contracts", "functions.shared.environment")
            assert allowed, f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("step", _STEPS, ids=lambda step: step.name)
def test_a_step_imports_no_other_step(step: Path) -> None:
    own = ".".join(step.relative_to(ROOT).parts)
    others = [".".join(other.relative_to(ROOT).parts) for other in _STEPS if other != step]
    for path in step.glob("*.py"):
        for module in _imports(path):
            assert not _under(module, *others), f"{path.relative_to(ROOT)} imports {module}"
        assert own


@pytest.mark.parametrize("step", _STEPS, ids=lambda step: step.name)
def test_logic_is_pure(step: Path) -> None:
    for path in step.glob("logic.py"):
        for module in _imports(path):
            own = ".".join(step.relative_to(ROOT).parts)
            forbidden = ("boto3", "botocore", "functions.shared.aws", f"{own}.handler", f"{own}.store")
            assert not _under(module, *forbidden), f"{path.relative_to(ROOT)} imports {module}"


def test_clients_are_made_in_one_place() -> None:
    makers = {
        path.relative_to(ROOT).as_posix()
        for path in _sources("functions")
        if {"boto3", "botocore.session"} & set(_imports(path, at_import_time=True))
    }
    assert makers == {"functions/shared/aws.py"}


def test_one_module_reads_the_configuration() -> None:
    for path in _sources("infra"):
        if path.name != "configuration.py":
            assert "pulumi.Config(" not in path.read_text(), path.name


def test_components_are_exported_by_the_program_only() -> None:
    for path in _sources("infra"):
        assert "pulumi.export(" not in path.read_text(), path.name
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
