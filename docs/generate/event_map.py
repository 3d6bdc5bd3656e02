"""The map of the house: when this happens, it comes in here, then this is said, and these hear it; and the test that tells it as a story.

python -m docs.generate.event_map            prints it
python -m docs.generate.event_map --write    puts it into both READMEs, between the marks
python -m docs.generate.event_map --check    fails if what stands there is stale
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from contracts import ABOUT_THE_ROSTER, AGENCY_EVENTS, FACTS, HEARS, ROLES, safeguard
from services.mediation.dispute.hold import HOLD, STAY
from services.mediation.dispute.step import NOTED

ROOT = Path(__file__).resolve().parents[2]
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


NOTES = {
    "en": "One of the words where a `/` stands between them; in brackets what is said in some cases only. Each row is an event that takes effect: one that does "
    "not is answered by `step.refused` (a change of a roster by `roster.refused`). Deadlines, proposals and notices that follow are left out. A listener hears "
    "everything that a speaker says, and takes no notice of what it has no rule for: metrics and notify of everything about a roster. What the safeguard lane "
    "says (from `dv.warning_issued` on) travels sealed, and metrics does not hear it.",
    "zh": "以“/”分隔的为其中之一；括号内的仅在部分情形下发布。各行均指生效的事件：未生效的以`step.refused`答复（名册变更以`roster.refused`答复）。"
    "随之而来的期限、建议与通知从略。接收者收到发布者的全部事件，对没有规则的不作处理：metrics与notify对名册事件即是如此。"
    "安全保护专线的事件（自`dv.warning_issued`起）另行加密通道发布，metrics不接收。",
}


def table(language: str) -> str:
    """The map as a Markdown table. Every row comes from the contract and the services' tables; the stories are found by the words that they say."""
    stories = _stories()
    who = " · ".join(f"{letter} {names[0 if language == 'zh' else 1]}" for letter, names in ROLES.items())
    rows = "\n".join([HEAD[language], *(_row(event, language, stories) for event in AGENCY_EVENTS.values())])
    return f"{rows}\n\n{NOTES[language]}\n\n{who}"


@dataclass(frozen=True)
class Said:
    """What is said at one place of a row: one of these words; where `sometimes`, perhaps none."""

    words: tuple[str, ...]
    sometimes: bool = False

    def __str__(self):
        text = " / ".join(f"`{word}`" for word in self.words)
        return f"({text})" if self.sometimes else text


# fmt: off
INTAKE_SAYS = {                        # if not `step.reported`: a report may be of a dispute that is known, and reports taken out may get a new code
    "dispute.reported":  (Said(("dispute.registered", "step.reported")),),
    "reports.unjoined":  (Said(("step.reported", "dispute.registered")),),
    "roster.changed":    (Said(("roster.reported",)),),
}
MEDIATION_SAYS = {                     # if not the step as a fact in the same word
    "dispute.reported":  (),
    "reports.unjoined":  (Said(("reports.unjoined",), sometimes=True),),
}
INTAKE_ANSWERS = {                     # what intake says when it hears that mediation took the step
    "reports.joined":    (Said(("dispute.merged",)),),
    "reports.unjoined":  (Said(("dispute.unmerged",)),),
}
ENDS_IT = ("dispute.archived", "reports.joined")
# fmt: on


def said_of(word: str) -> list[Said]:
    """What the services say of an agency's event that takes effect, in that order: intake, then mediation, then intake again where it waited for that."""
    intake = INTAKE_SAYS.get(word, (Said(("step.reported",)),))
    if word in ABOUT_THE_ROSTER:
        return [*intake, Said((word,))]
    if word in safeguard.STEPS:
        return [*intake, *_said_in_the_lane(word), Said(("step.applied",))]
    fact = MEDIATION_SAYS.get(word, (Said((word,)),) if word in FACTS else ())
    ends = (Said(("dispute.closed",)),) if word in ENDS_IT else ()
    return [*intake, *fact, Said(("step.applied",)), *ends, *INTAKE_ANSWERS.get(word, ())]


def _said_in_the_lane(word):
    """By the lane's tables: that it opens a hold or a stay, unless there is one; that it ends one."""
    cells = [(row, cells[word]) for machine in (HOLD, STAY) for row, cells in machine.items() if word in cells]
    if any(row == "free" for row, _ in cells):
        yield Said(("safeguard.held",), sometimes=True)
    elif any(target != NOTED for _, target in cells):
        yield Said(("safeguard.released",))


def heard_by(word: str) -> list[str]:
    """The services for which something follows from what is said of this event."""
    producers = {"intake-safeguard", "mediation-safeguard"} if word in safeguard.STEPS else {"intake", "mediation"}
    return [name for name, heard in HEARS.items() if producers & set(heard) and not (word in ABOUT_THE_ROSTER and name in WITHOUT_RULES_ABOUT_ROSTERS)]


WITHOUT_RULES_ABOUT_ROSTERS = ("metrics", "notify")


def _row(event, language, stories):
    story = stories.get(event.type)
    cells = [
        f"{event.zh}<br>`{event.type}`" if language == "zh" else f"{event.en}<br>`{event.type}`",
        " ".join(letter for letter in ROLES if letter in event.allowed_roles),
        " → ".join(map(str, said_of(event.type))),
        ", ".join(heard_by(event.type)),
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
