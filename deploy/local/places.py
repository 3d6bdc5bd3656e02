"""Where things lie: the repository, its environment, the run directory. Knows the standard library only."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"


def run_dir() -> Path:
    """Everything a running system leaves behind: FENGQIAO_RUN, or .run in the repository."""
    return Path(os.environ.get("FENGQIAO_RUN") or ROOT / ".run").resolve()


def private(folder: Path) -> Path:
    """The folder, made if need be, closed to everybody else: passwords lie below it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Replaces the file at once: a reader sees the old or the new one, never half of it, and nobody else sees either."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
