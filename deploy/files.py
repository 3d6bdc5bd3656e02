"""The checkout's folder, and files that only their owner can read. Standard library only."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def private(folder: Path) -> Path:
    """Return the folder, created with access for its owner only: passwords are stored below it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, readable by its owner only: a reader gets the old or the new text, never a part of it."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
