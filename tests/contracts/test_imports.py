"""Tests of the imports of `contracts`: layers in one direction, marshmallow as the only dependency, no I/O outside county/."""

import ast
import sys
from pathlib import Path

import pytest

import contracts

PACKAGE = Path(contracts.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Lowest layer first. A module or package may import from lower layers only, not from its own layer.
LAYERS = (
    ("causes", "channels", "clocks", "codes", "dates", "envelope", "kinds", "mistakes", "states"),
    ("csv_tables", "law_texts"),
    ("county",),
    ("samples",),
    ("fields",),
    ("rows",),
    ("step_facts",),
    ("steps",),
    ("reasons", "safeguard"),
    ("nested_schemas",),
    ("answers",),
    ("facts",),
    ("events",),
    ("fast_validators",),
    ("validation", "json_schema"),
    ("asyncapi",),
)
LAYER_OF = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def module_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_every_module_is_in_a_layer():
    assert {module_of(path) for path in MODULES} - {"__init__"} == set(LAYER_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_marshmallow_and_the_standard_library_only(path):
    assert {name.split(".")[0] for name in _imports(path)} <= {"contracts", "marshmallow", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", [path for path in MODULES if module_of(path) != "__init__"], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_lower_layers_only(path):
    module = module_of(path)
    imported = {name.split(".")[1] for name in _imports(path) if name.startswith("contracts.")} - {module}

    assert {name for name in imported if LAYER_OF[name] >= LAYER_OF[module]} == set()


@pytest.mark.parametrize("path", [path for path in MODULES if module_of(path) != "county"], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_reads_and_writes_no_files(path):
    names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}

    assert not names & {"open", "print", "input", "Path", "environ"}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            submodules = [f"{node.module}.{alias.name}" for alias in node.names if (PACKAGE.parent / node.module.replace(".", "/") / alias.name).is_dir()
                          or (PACKAGE.parent / node.module.replace(".", "/") / f"{alias.name}.py").exists()]  # fmt: skip
            yield from submodules or [node.module]
