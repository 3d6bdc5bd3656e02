"""Tests of the import direction between the top-level packages, whose layers are defined in docs/architecture.md."""

import pytest

from tests.test_imports import find_files, module_name, project_imports

# Layers of packages, lowest first. A package may import itself and packages of lower layers, but no other package of its own or a higher layer.
LAYERS = (
    ("contracts", "fengqiao_agency"),
    ("scenarios",),
    ("plumbing",),
    ("services",),
    ("deploy",),
    ("local",),
    ("demo", "drills", "bench", "docs"),
)
LAYER_OF = {package: number for number, layer in enumerate(LAYERS) for package in layer}


@pytest.mark.parametrize("package", LAYER_OF)
def test_a_top_level_package_imports_only_itself_and_packages_of_lower_layers(package):
    imported = {(module_name(path), module) for path in find_files(f"{package}/**/*.py") for module in project_imports(path) if module.split(".")[0] != package}

    assert {pair for pair in imported if LAYER_OF.get(pair[1].split(".")[0], len(LAYERS)) >= LAYER_OF[package]} == set()


def test_every_top_level_package_has_a_layer():
    assert {path.parts[-2] for path in find_files("*/__init__.py")} - {"tests"} <= LAYER_OF.keys()
