"""Tests of the project's documents: every link and every path in them leads to something that exists."""

import re
import subprocess

import pytest

from deploy.files import ROOT

PAGES = [ROOT / path for path in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()]
LINK_PATTERN = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
# Paths in code style that begin with a folder of the repository and contain no placeholder.
PATH_IN_CODE_STYLE = re.compile(r"`((?:contracts|plumbing|services|deploy|local|scenarios|demo|drills|bench|docs|tests|counties|fengqiao_agency)/[\w./-]+)`")
USER_MADE_PATHS = ("counties/mine",)  # paths that the documents use as examples of files that a user makes


def heading_anchors(text: str) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_in_a_document_leads_to_an_existing_file_and_heading(page):
    for link in LINK_PATTERN.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in heading_anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_named_in_a_document_exists(page):
    missing = [path for path in PATH_IN_CODE_STYLE.findall(page.read_text("utf-8")) if not (ROOT / path).exists() and path not in USER_MADE_PATHS]

    assert missing == []
