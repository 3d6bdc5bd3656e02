"""Tests of uv.lock and the requirements files: they contain the same versions, a hash of every package, and only packages of the public index."""

import re
import tomllib

import pytest

from deploy.files import ROOT
from local import environment
from local.lock import PUBLIC_INDEX

LOCK_FILE = tomllib.loads((ROOT / "uv.lock").read_text())


def test_every_package_in_the_lock_file_is_from_the_public_index():
    registries = {package["source"].get("registry") for package in LOCK_FILE["package"] if package["name"] != "fengqiao"}

    assert registries == {PUBLIC_INDEX}


@pytest.mark.parametrize("file", [environment.RUNTIME_REQUIREMENTS, environment.DEVELOPMENT_REQUIREMENTS])
def test_requirements_file_contains_no_index_address_and_a_hash_of_every_package(file):
    text = file.read_text()
    blocks = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)

    assert "://" not in text and "--index" not in text and "--find-links" not in text
    assert blocks and all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("file", [environment.RUNTIME_REQUIREMENTS, environment.DEVELOPMENT_REQUIREMENTS])
def test_requirements_file_has_the_same_versions_as_the_lock_file(file):
    locked = {package["name"]: package.get("version") for package in LOCK_FILE["package"]}

    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", file.read_text(), re.MULTILINE):
        assert locked[name] == version


def test_lock_file_contains_every_dependency_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = {package["name"] for package in LOCK_FILE["package"]}

    missing = {name for line in wanted if (name := re.match(r"[A-Za-z0-9-]+", line)[0].lower()) not in locked}

    assert not missing, "./fengqiao lock"
