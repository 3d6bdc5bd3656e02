"""Path of the checkout, and functions that create files and folders with access for their owner only. Standard library only."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def make_private_folder(folder: Path) -> Path:
    """Create the folder with access for its owner only, because passwords are stored in it. Return the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Write the text into a file with access for its owner only. The file is replaced atomically: a reader gets either the old or the new text."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
