"""Pages of docs/ that are made from the program's tables."""

from collections.abc import Callable, Iterable
from pathlib import Path


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """In Markdown; a bar inside a cell does not end it."""
    head = list(head)
    lines = (head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_or_check(page: Path, text: Callable[[], str], module: str, arguments: list[str]) -> str | None:
    """Writes the page; with --check, the sentence that says it is stale, or nothing."""
    if "--check" not in arguments:
        page.parent.mkdir(exist_ok=True)
        page.write_text(text(), "utf-8")
    elif not page.is_file() or page.read_text("utf-8") != text():
        return f"docs/{page.name} 已过期 | is stale: python -m {module}"
    return None
