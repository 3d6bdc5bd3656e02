"""Does `contracts` keep to itself? Agencies' documents and every service stand on it."""

import ast
import sys
from pathlib import Path

import contracts

HOUSE = Path(contracts.__file__).parent


def test_it_imports_marshmallow_and_the_standard_library_only():
    allowed = {"contracts", "marshmallow", *sys.stdlib_module_names}
    imported = {(path.name, name.split(".")[0]) for path in HOUSE.glob("*.py") for name in _imports(path)}

    assert {(path, name) for path, name in imported if name not in allowed} == set()


def test_it_reads_and_writes_nothing():
    for path in HOUSE.glob("*.py"):
        names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}
        assert not names & {"open", "print", "input", "Path", "environ"}, path.name


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
