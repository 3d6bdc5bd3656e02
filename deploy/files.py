"""The folder of the checkout, and functions for files with access for their owner only. Standard library only."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def make_private_folder(folder: Path) -> Path:
    """Create the folder with access for its owner only, because passwords are stored in it, and return it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, with access for its owner only: a reader gets the old or the new text, never a part."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
