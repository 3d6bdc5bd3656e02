"""Functions for generated pages in docs/: Markdown tables, and writing or checking a page."""

from collections.abc import Callable, Iterable
from pathlib import Path


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table with these column headings and rows. Vertical bars inside cells are escaped."""
    head = list(head)
    lines = (head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_or_check(page: Path, render: Callable[[], str], module: str, arguments: list[str]) -> str | None:
    """Write the text that `render` returns to the page, and return None.

    With --check among the arguments, write nothing; return an error message if the page is missing or its text differs, else None. `module`: module to run.
    """
    if "--check" not in arguments:
        page.parent.mkdir(exist_ok=True)
        page.write_text(render(), "utf-8")
    elif not page.is_file() or page.read_text("utf-8") != render():
        return f"docs/{page.name} 已过期，请运行 | is outdated, run: python -m {module}"
    return None
