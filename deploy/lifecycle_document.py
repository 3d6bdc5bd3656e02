"""Writes docs/lifecycle.md from mediation's tables, or with --check says that it is stale: `python -m deploy.lifecycle_document [--check]`."""

import sys
from pathlib import Path

from contracts import REASONS, STATES, STEPS
from contracts.clocks import CLOCKS as NAMES
from contracts.clocks import LAWS
from contracts.kinds import CLOCK_KINDS
from services.mediation.clocks.law import LAW
from services.mediation.deadlines import CLOCKS, Clock
from services.mediation.lifecycle import EVERY_STEP, GUARDS, IN_EVERY_STATE, NOTED, TRANSITIONS, WAITS_FOR, When, mermaid

PATH = Path(__file__).resolve().parents[1] / "docs" / "lifecycle.md"
WHO = {"centre": "综治中心 mediation centre", "body": "受理的调解组织 the mediating body"}


def text() -> str:
    parts = [
        "# 纠纷的一生 · The life of a dispute",
        "由程序中的表格生成，请勿手改：`python -m deploy.lifecycle_document`。Generated from the tables that the program runs on; do not edit.",
        "```mermaid\n" + mermaid() + "\n```",
        "## 状态与步骤 · States and steps",
        (
            "“记录”：步骤合法并留痕，状态不变，期限不重新起算。“Noted”: the step is legal and on record; the state stays and no clock starts anew. "
            f"凡未列出的步骤一律不予办理。A step that is not listed is refused. 任何状态下均可：In every state: {', '.join(map(_step, IN_EVERY_STATE))} → 记录 noted."
        ),
        _table(("状态 While it is", "步骤 and this happens", "变为 it becomes", "此时轮到 whose turn it is"), _steps()),
        "## 条件 · Guards",
        f"先查是否有权上报（`{EVERY_STEP[0].__name__}`），再依次查：First whether the agency may report it at all, then in this order:",
        _table(("步骤 Step", "条件 only if", "否则 or else"), _guards()),
        "## 期限 · Clocks",
        (
            "只有法定期限（LAW）可以称为“超过法定期限”。Only a LAW clock may be called legally overdue. 当日不计；末日为休息日的顺延至下一工作日（民事诉讼法 85；民法典 201-203）。"
            "The day of the beginning is not counted; a last day on a rest day, as actually arranged, moves to the next working day."
        ),
        _table(("期限 Clock", "起算 starts with", "长度 length", "完成 met by", "责任 owed by", "性质与依据 kind and authority"), map(_clock, CLOCKS)),
    ]
    return "\n\n".join(parts) + "\n"


def _steps():
    for state, row in TRANSITIONS.items():
        for step, cell in row.items():
            if step not in IN_EVERY_STATE:
                yield _state(state), _step(step), _becomes(cell), "，".join(WHO[role] for role in WAITS_FOR[state])


def _guards():
    for step, row in GUARDS.items():
        for question, reason in row:
            yield _step(step), f"`{question.__name__}`", f"`{reason}` {REASONS[reason].zh}"


def _clock(clock: Clock) -> tuple[str, ...]:
    zh, en = NAMES[clock.name]
    starts = [f"`{step}`" for step in clock.started_by] + [f"({clock.counted_from.__name__.replace('_', ' ')})"]
    met = [f"`{step}`" + (f" ({question.__name__.replace('_', ' ')})" if question else "") for step, question in clock.met_by.items()]
    rule = next(rule for rule in LAW[clock.name] if rule.on_platform in (None, clock.on_platform))
    length = f"{rule.length.count} {rule.length.zh} {rule.length.en}" if rule.length.count else "协议所定之日 the day agreed"
    if clock.extended_by:
        length += f", `{clock.extended_by}` 可延长 extends it"
    kind = f"{rule.kind} {CLOCK_KINDS[rule.kind][0]}: {_authority(rule.article)}"
    return f"`{clock.name}` {zh} {en}", " ".join(starts), length, ", ".join(met), WHO[clock.owed_by], kind


def _authority(article: str) -> str:
    if article == "none":
        return "本县自定 the county's own"
    names = "; ".join(f"{'after ' if one.startswith('after ') else ''}{LAWS[_law(one)]} {one.rpartition(' ')[2]}" for one in article.split("; "))
    return f"{article.replace('after ', '参照 ')} ({names})"


def _law(citation: str) -> str:
    return citation.removeprefix("after ").rpartition(" ")[0]


def _becomes(cell: str | When) -> str:
    if isinstance(cell, When):
        return f"{_becomes(cell.then)} (`{cell.question.__name__}`), 否则 else {_becomes(cell.otherwise)}"
    return "记录 noted" if cell == NOTED else _state(cell)


def _state(state: str) -> str:
    return f"`{state}` {STATES[state][0]}"


def _step(step: str) -> str:
    return f"`{step}`" + (f" {STEPS[step][0]}" if step in STEPS else "")


def _table(head, rows) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def main(arguments: list[str]) -> str | None:
    """Writes the document; with --check, the sentence that says it is stale, or nothing."""
    if "--check" not in arguments:
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(text(), "utf-8")
    elif not PATH.is_file() or PATH.read_text("utf-8") != text():
        return "docs/lifecycle.md is stale: run `python -m deploy.lifecycle_document`."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
