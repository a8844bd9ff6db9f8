"""What may import what: dependencies point one way, and nothing heavy is imported before it is needed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("zoo", "callbacks", "courseware") for path in (ROOT / top).rglob("*.py"))
FILES += [ROOT / "__init__.py", ROOT / "__main__.py"]


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """The full names that a file's import statements ask for; relative ones with the package's name before them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = ".".join(parts[: len(parts) - node.level + 1]) + "." if node.level else ""
            yield from (f"{above}{node.module or ''}".rstrip(".") + f".{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    return ".".join(("gradschool", *path.parent.relative_to(ROOT).parts))


def all_imports(path: Path) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), package_of(path)))


def top_level_imports(path: Path) -> set[str]:
    """Those that happen when the module is imported."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    outside_functions = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return set(imports(ast.Module(body=outside_functions, type_ignores=[]), package_of(path)))


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def starts_with(found: set[str], *packages: str) -> list[str]:
    return sorted(name for name in found if any(f"{name}.".startswith(f"{package}.") for package in packages))


@pytest.mark.parametrize("path", FILES, ids=names)
def test_dependencies_point_one_way(path):
    forbidden = {
        "gradschool.callbacks": ("gradschool.zoo", "gradschool.courseware"),
        "gradschool.zoo": ("gradschool.courseware",),
    }
    for package, others in forbidden.items():
        if f"{package_of(path)}.".startswith(f"{package}."):
            assert starts_with(all_imports(path), *others) == []


@pytest.mark.parametrize("path", FILES, ids=names)
def test_tensorflow_is_imported_only_where_it_is_needed(path):
    tensorflow = ("tensorflow", "tensorflow_datasets")
    assert starts_with(top_level_imports(path), *tensorflow) == []
    if package_of(path).startswith(("gradschool.zoo.layers", "gradschool.zoo.models", "gradschool.callbacks")):
        assert starts_with(all_imports(path), *tensorflow) == []


@pytest.mark.parametrize("path", FILES, ids=names)
def test_the_package_imports_itself_relatively(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    absolute = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    asked = {alias.name for node in absolute if isinstance(node, ast.Import) for alias in node.names}
    asked |= {node.module for node in absolute if isinstance(node, ast.ImportFrom) and node.level == 0}
    assert starts_with({name for name in asked if name}, "gradschool", "zoo", "callbacks", "courseware") == []


def test_no_other_module_lies_at_the_root_where_it_would_ship():
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_the_tests_are_no_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
