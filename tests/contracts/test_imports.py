"""Tests of the modules of the package contracts: they import lower layers only, depend on marshmallow only, and do I/O in county/ only."""

import ast
import sys
from pathlib import Path

import pytest

import contracts

PACKAGE = Path(contracts.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Layers of the package contracts, the lowest first. A module or subpackage may import from lower layers only, not from its own layer.
LAYERS = (
    ("causes", "channels", "clocks", "codes", "dates", "envelope", "kinds", "mistakes", "states"),
    ("csv_tables", "law_texts"),
    ("county",),
    ("samples",),
    ("fields",),
    ("definitions",),
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
LAYER_BY_MODULE = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def top_level_module(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_every_module_of_the_package_contracts_is_in_a_layer():
    assert {top_level_module(path) for path in MODULES} - {"__init__"} == set(LAYER_BY_MODULE)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_marshmallow_and_the_standard_library_only(path):
    assert {name.split(".")[0] for name in _imports(path)} <= {"contracts", "marshmallow", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", [path for path in MODULES if top_level_module(path) != "__init__"], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_lower_layers_only(path):
    module = top_level_module(path)
    imported = {name.split(".")[1] for name in _imports(path) if name.startswith("contracts.")} - {module}

    assert {name for name in imported if LAYER_BY_MODULE[name] >= LAYER_BY_MODULE[module]} == set()


@pytest.mark.parametrize("path", [path for path in MODULES if top_level_module(path) != "county"], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_modules_of_the_package_contracts_county_read_or_write_files(path):
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
