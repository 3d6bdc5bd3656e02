"""Tests that links and paths in the project's documents exist."""

import re
import subprocess

import pytest

from deploy.files import ROOT

PAGES = [ROOT / path for path in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
# A path in code style: it begins with a folder of the repository and contains no placeholder.
PATH = re.compile(r"`((?:contracts|plumbing|services|deploy|local|scenarios|demo|drills|bench|docs|tests|counties|fengqiao_agency)/[\w./-]+)`")
BUILT = ("counties/mine",)  # examples of what a user makes


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_heading(page):
    for link in LINK.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page):
    missing = [path for path in PATH.findall(page.read_text("utf-8")) if not (ROOT / path).exists() and path not in BUILT]

    assert missing == []
