"""Markdown tables, and the writing and checking of generated pages in docs/."""

from collections.abc import Callable, Iterable
from pathlib import Path


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table. Vertical bars inside cells are escaped."""
    head = list(head)
    lines = (head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_or_check(page: Path, render: Callable[[], str], module: str, arguments: list[str]) -> str | None:
    """Write the page. With --check among the arguments, write nothing and return an error message if the page is missing or outdated, else None."""
    if "--check" not in arguments:
        page.parent.mkdir(exist_ok=True)
        page.write_text(render(), "utf-8")
    elif not page.is_file() or page.read_text("utf-8") != render():
        return f"docs/{page.name} 已过期，请运行 | is outdated, run: python -m {module}"
    return None
