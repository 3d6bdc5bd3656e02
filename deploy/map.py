"""The map of the house: when this happens, it comes in here, then this is said, and these hear it; and the test that tells it as a story.

python -m deploy.map            prints it
python -m deploy.map --write    puts it into both READMEs, between the marks
python -m deploy.map --check    fails if what stands there is stale
"""

import ast
import sys
from pathlib import Path

from contracts import AGENCY_EVENTS, FACTS, HEARS, ROLES, safeguard

ROOT = Path(__file__).resolve().parent.parent
STORIES = ROOT / "tests" / "flows"
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
BEGIN, END = "<!-- map: made by `make map` -->", "<!-- end of map -->"

HEAD = {
    "en": "| when … | who | then is said | and heard by | story |\n| --- | --- | --- | --- | --- |",
    "zh": "| 当…… | 谁 | 随后发布 | 谁接收 | 故事 |\n| --- | --- | --- | --- | --- |",
}


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        stale = [path.name for language, path in READMES.items() if _with_map(path.read_text("utf-8"), language) != path.read_text("utf-8")]
        if stale:
            print(f"stale: {', '.join(stale)}; run make map")
        return bool(stale)
    if "--write" in arguments:
        for language, path in READMES.items():
            path.write_text(_with_map(path.read_text("utf-8"), language), "utf-8")
        return 0
    print(table("en"))
    return 0


def table(language: str) -> str:
    """The map as a Markdown table. Every row comes from `contracts`; the stories are found by the words that they say."""
    stories = _stories()
    who = " · ".join(f"{letter} {names[0 if language == 'zh' else 1]}" for letter, names in ROLES.items())
    rows = "\n".join([HEAD[language], *(_row(event, language, stories) for event in AGENCY_EVENTS.values())])
    return f"{rows}\n\n{who}"


def _row(event, language, stories):
    said = ["dispute.registered" if event.type == "dispute.reported" else "step.reported", *([event.type] if event.type in FACTS else []), "step.applied"]
    speakers = {"intake-safeguard", "mediation-safeguard"} if event.type in safeguard.STEPS else {"intake", "mediation"}
    listeners = [name for name, heard in HEARS.items() if speakers & set(heard)]
    story = stories.get(event.type)
    cells = [
        f"{event.zh}<br>`{event.type}`" if language == "zh" else f"{event.en}<br>`{event.type}`",
        " ".join(letter for letter in ROLES if letter in event.said_by),
        " → ".join(f"`{word}`" for word in said),
        ", ".join(listeners),
        f"[{story.stem.removeprefix('test_').replace('_', ' ')}](tests/flows/{story.name})" if story else "–",
    ]
    return f"| {' | '.join(cells)} |"


def _stories() -> dict[str, Path]:
    """For each word the flow test that tells of it: the one whose name has most in common with it, then the shortest."""
    found: dict[str, tuple] = {}
    for path in sorted(STORIES.glob("test_*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if any(isinstance(node, ast.Attribute) and node.attr == "reports" for node in nodes):
            words.add("dispute.reported")
        for word in words & set(AGENCY_EVENTS):
            stems = {part[:5] for part in word.split(".")} & {part[:5] for part in path.stem.split("_")}
            rank = (-len(stems), path.stat().st_size, path)
            found[word] = min(found.get(word, rank), rank)
    return {word: rank[-1] for word, rank in found.items()}


def _with_map(text, language):
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{table(language)}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
