"""Generator of docs/lifecycle.md, the page about states, steps, guards and clocks of a dispute, from the rules of the mediation service.

`python -m docs.generate.lifecycle` writes the page; with `--check` it only reports whether the page is outdated.
"""

import re
import sys
from pathlib import Path

from contracts import AGENCY_EVENTS, ORDINARY_STEP_NAMES, REASONS, ROLES, STATES
from contracts.clocks import CLOCKS as CLOCK_NAMES
from contracts.clocks import LAWS
from contracts.kinds import AGREEMENT_SUBJECTS, CLOCK_KINDS, MATTERS, TRACKS
from contracts.states import ENDINGS_OF_ANY_STATE, STATE_EXPLANATIONS
from docs.generate.pages import markdown_table, write_or_check
from services.mediation.deadlines.clocks import CLOCKS, Clock
from services.mediation.dispute.matters import MATTERS_NOT_MEDIATED, SUBJECTS_NOT_CONFIRMED
from services.mediation.dispute.step import NOTED
from services.mediation.dispute.tracks import TRACKS as TRACK_ROWS
from services.mediation.law.periods import DEFAULT_RULES, SUSPENDABLE_CLOCKS
from services.mediation.lifecycle.transitions import (
    FINAL_STATES,
    GUARD_FOR_EVERY_STEP,
    GUARDS,
    INITIAL_STATE,
    NEXT_ACTORS,
    PRINCIPLES,
    SHARED_TRANSITIONS,
    STEP_WHEN_PASSED,
    TRANSITIONS,
    UNDONE,
    Cell,
    ConditionalTarget,
    PreviousStateTarget,
    target_states,
)

PAGE_PATH = Path(__file__).resolve().parents[1] / "lifecycle.md"
# fmt: off
# Chinese and English text for each kind of actor that mediation's rules name.
ACTOR_TEXTS = {
    "reporter":  "上报的机构 the reporting agency",
    "centre":    "综治中心 mediation centre",
    "after_screening": "综治中心（已收到起诉状的为法院） mediation centre, or the court that has received a complaint",
    "archives":  "受理的调解组织（转出后为综治中心） the mediating body, or the mediation centre after a redirection",
    "body":      "受理的调解组织 the mediating body",
    "sender":    "交办的单位 the agency that made the referral",
    "court":     "法院 court",
    "authority": "法院（涉嫌犯罪的为公安机关） court, or police where a crime is suspected",
    "level":     "该级：网格、村、司法所、乡镇 the body at that level",
    "called":    "被召集而未报到的部门 each called department that has not reported in",
    "appoints":  "立案后为法院，否则为调解组织 the court once a case is filed, else the body",
    "urged":     "被督办的单位 the agency under supervision",
    "parties":   "当事人 the parties",
}
# Diagrams of the page as (title, states). There are several, because one diagram of all states would be unreadable.
DIAGRAMS = (
    ("主线：从登记到协议 From registration to an agreement",
     ("detected", "registered", "screened", "routed", "referral_declined", "accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "terminated")),
    ("协议之后：司法确认、履行、执行 After the agreement: confirmation, performance, enforcement",
     ("agreed", "confirm_applied", "confirm_decided", "performing", "defaulted", "enforcement", "resolved", "closed")),
    ("立案之后：委托调解与审理 After filing: entrusted mediation and trial",
     ("filed", "court_track", "routed", "referral_declined", "accepted", "mediating", "agreed", "performing", "resolved")),
    ("终结、转出、归档、重启 Termination, redirection, archiving and reopening",
     ("registered", "terminated", "redirected", "defaulted", "resolved", "enforcement", "closed")),
)
# fmt: on


def render() -> str:
    """Return the page as Markdown, with Chinese and English text side by side."""
    common_steps = set().union(*(row for _, row in SHARED_TRANSITIONS))
    parts = [
        "# 纠纷的流程 · The lifecycle of a dispute",
        "本页供协调员、书记员和开发人员使用；阅读后，可以查明纠纷在每种状态下由谁办理、可以办理哪些步骤、不予办理的原因。For coordinators, clerks and "
        "developers: after this page you know, for every state, who has to act, which steps are possible, and why a step is refused.",
        "由程序所用的表格生成，请勿手工修改：`python -m docs.generate.lifecycle`。Generated from the tables that the program uses; do not edit.",
        (
            "读法：纠纷处于一种状态；机构上报一个步骤；该状态的一行列有这个步骤、且条件都成立的，纠纷转为右栏的状态，否则说明理由，步骤不生效。"
            "How to read it: a dispute is in one state, and an agency reports a step. If the row of that state lists the step and every condition holds, "
            "the dispute changes to the state on the right; otherwise the step is refused with a reason."
        ),
        "## 状态说明 · The states explained",
        " ".join(ENDINGS_OF_ANY_STATE),
        markdown_table(("状态 State", "含义 Meaning", "由谁办理 Who must act", "如何结束 How it ends"), _explanation_rows()),
        *(f"### {title}\n\n```mermaid\n{state_diagram(states)}\n```" for title, states in DIAGRAMS),
        "## 状态与步骤 · States and steps",
        (
            "“记录”：步骤合法并留痕，状态不变，期限不重新起算。“Noted”: the step is allowed and recorded; the state does not change and no period begins anew. "
            "凡未列出的步骤一律不生效。A step that is not listed is refused."
        ),
        markdown_table(("状态 State", "由谁办理 who must act", "步骤 step", "由谁上报 reported by", "转为 new state"), _step_rows(common_steps)),
        "### 多种状态下均可 · In many states",
        markdown_table(("状态 State", "步骤 step", "由谁上报 reported by", "转为 new state"), _common_step_rows()),
        "## 轨道 · Tracks",
        "按法院收到起诉材料之日确定。By the day on which a court received the claim.",
        markdown_table(("轨道 Track", "起 from", "止 to", "依据 authority"), _track_rows()),
        "## 条件 · Guards",
        f"先查是否有权上报（`{GUARD_FOR_EVERY_STEP[0].__name__}`），再依次查：First whether the agency may report the step (`{GUARD_FOR_EVERY_STEP[0].__name__}`), then in this order:",
        markdown_table(("步骤 Step", "条件 only if", "否则的理由 otherwise refused with", "条件的说明 explanation of the guard"), _guard_rows()),
        "### 十六项原则的位置 · Where the sixteen principles are checked",
        (
            "G7（安全保护）另有表格；G14（调解员向公安报告）见“中止”的“由谁办理”，公安同时收到`notice.inquiry`；G15（不传调解内容）由接口保证：没有可以写的字段。"
            "G7, the safeguard hold, has a table of its own. G14, reporting to the police, is covered by who must act while a dispute is suspended; the police also get `notice.inquiry`. "
            "G15, no content of mediation in any event, is ensured by the contract: there is no field for it."
        ),
        markdown_table(("", "条件 guard", "步骤 step", "依据 authority"), _principle_rows()),
        "## 不得调解、不得确认 · What may not be mediated or confirmed",
        markdown_table(
            ("事项 matter", "理由 reason"),
            ((f"`{matter}` {MATTERS[matter][0]}", f"`{reason}` {REASONS[reason].zh}") for matter, reason in MATTERS_NOT_MEDIATED.items()),
        ),
        "不得申请司法确认 Not to be confirmed: "
        + "，".join(f"`{subject}` {AGREEMENT_SUBJECTS[subject][0]}" for subject in SUBJECTS_NOT_CONFIRMED)
        + f"。{REASONS['may_not_be_confirmed'].zh}",
        "## 期限 · Clocks",
        (
            "只有法定期限（LAW）可以称为“超过法定期限”。Only a LAW deadline may be called legally overdue. 当日不计；末日为休息日的顺延至下一工作日（民事诉讼法 85；民法典 201-203）。"
            "The day on which a period begins is not counted; if the last day is a rest day of the official holiday schedule, the period ends on the next working day. "
            "条文原文见 The text of each article is in [deadlines.md](deadlines.md)."
        ),
        markdown_table(
            ("期限 Clock", "起算 starts with", "长度 length", "完成 met by", "责任 responsible", "性质与依据 kind and authority"), map(_clock_row, CLOCKS)
        ),
        "期限届满时自动产生的步骤：Steps that are performed automatically when a period ends: "
        + ", ".join(f"`{clock}` → `{step}`" for clock, step in STEP_WHEN_PASSED.items()),
    ]
    return "\n\n".join(parts) + "\n"


def state_diagram(states=tuple(TRANSITIONS)) -> str:
    """Return a Mermaid diagram of these states, with one arrow per pair of states, labelled with the steps. Only a diagram of all states shows shared steps."""
    common_steps = {step for _, row in SHARED_TRANSITIONS for step in row} if len(states) < len(TRANSITIONS) else set()
    lines = ["stateDiagram-v2", *(f"    {state}: {STATES[state][0]} {state}" for state in states)]
    if INITIAL_STATE in states:
        lines.append(f"    [*] --> {INITIAL_STATE}")
    for state in states:
        arrows: dict[str, list[str]] = {}
        for step, cell in TRANSITIONS[state].items():
            for target in target_states(cell):
                if target in states and step not in common_steps and (target != state or isinstance(cell, str)):
                    arrows.setdefault(target, []).append(step)
        lines += [f"    {state} --> {target}: {', '.join(steps)}" for target, steps in arrows.items()]
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in FINAL_STATES if end in states)])


def _explanation_rows():
    for state, explanation in STATE_EXPLANATIONS.items():
        yield f"{_state_cell(state)} {STATES[state][1]}", *("<br>".join(pair) for pair in (explanation.meaning, explanation.actor, explanation.ends))


def _step_rows(common_steps):
    for state, row in TRANSITIONS.items():
        actors = "，".join(ACTOR_TEXTS[role] for role in NEXT_ACTORS[state])
        for step, cell in row.items():
            if step not in common_steps:
                yield _state_cell(state), actors, _step_cell(step), _senders_cell(step), _new_state_cell(cell)


def _common_step_rows():
    for states, row in SHARED_TRANSITIONS:
        excluded = [state for state in TRANSITIONS if state not in states and state != INITIAL_STATE]
        where = "所有状态 every state" + (f"，除 but {', '.join(map(_state_cell, excluded))}" if excluded else "")
        for step, cell in row.items():
            yield where, _step_cell(step), _senders_cell(step), _new_state_cell(cell)


def _track_rows():
    for track in TRACK_ROWS:
        yield (
            f"`{track.code}` {TRACKS[track.code][0]} {TRACKS[track.code][1]}",
            str(track.valid_from or "–"),
            str(track.valid_to or "–"),
            _citation_cell(track.article),
        )


def _guard_rows():
    for step, row in GUARDS.items():
        for guard, reason in row:
            yield _step_cell(step), f"`{guard.__name__}`", f"`{reason}` {REASONS[reason].zh}<br>{REASONS[reason].en}", _guard_explanation(guard)


def _guard_explanation(guard) -> str:
    return re.sub(r"\s+", " ", guard.__doc__ or guard.__name__.replace("_", " ")).strip()


def _principle_rows():
    for name, (guard, step, article) in PRINCIPLES.items():
        yield name, f"`{guard}`", _step_cell(step), _citation_cell(article)


def _clock_row(clock: Clock) -> tuple[str, ...]:
    zh, en = CLOCK_NAMES[clock.name]
    starts = [f"`{step}`" for step in clock.started_by] + [f"({clock.counted_from.__name__.replace('_', ' ')})"]
    met = [f"`{step}`" + (f" ({guard.__name__.replace('_', ' ')})" if guard else "") for step, guard in clock.met_by.items()]
    rule = next(rule for rule in DEFAULT_RULES[clock.name] if rule.on_platform in (None, clock.on_platform))
    length = f"{rule.length.count} {rule.length.zh} {rule.length.en}" if rule.length.count else "协议约定之日 the day agreed"
    if clock.extended_by:
        length += f", `{clock.extended_by}` 可延长 extends it"
    if clock.name in SUSPENDABLE_CLOCKS:
        length += ", 中止期间停止计算 not counted while suspended"
    kind = f"{rule.kind} {CLOCK_KINDS[rule.kind][0]}: {_citation_cell(rule.article)}"
    return f"`{clock.name}` {zh} {en}", " ".join(starts), length, ", ".join(met), ACTOR_TEXTS[clock.owed_by], kind


def _citation_cell(article: str) -> str:
    if article == "none":
        return "本县自定 the county's own rule"
    names = "; ".join(f"{'after ' if one.startswith('after ') else ''}{LAWS[_cited_law(one)]} {_cited_article_number(one)}" for one in article.split("; "))
    return f"{article.replace('after ', '参照 ')} ({names})"


def _cited_law(citation: str) -> str:
    return citation.removeprefix("after ").partition(" ")[0]


def _cited_article_number(citation: str) -> str:
    return citation.removeprefix("after ").partition(" ")[2]


def _senders_cell(step: str) -> str:
    by_time = ["期限届满 end of a period"] if step in STEP_WHEN_PASSED.values() else []
    return " ".join(by_time + [role for role in ROLES if step in AGENCY_EVENTS and role in AGENCY_EVENTS[step].allowed_roles]) or "–"


def _new_state_cell(cell: Cell) -> str:
    if isinstance(cell, ConditionalTarget):
        return f"{_new_state_cell(cell.then)} (`{cell.guard.__name__}`), 否则 else {_new_state_cell(cell.otherwise)}"
    if isinstance(cell, PreviousStateTarget):
        return "回到原状态 the state before the pause: " + " / ".join(map(_state_cell, cell.to))
    return {NOTED: "记录 noted", UNDONE: "恢复该上报之前的状态 the state before that report"}.get(cell) or _state_cell(cell)


def _state_cell(state: str) -> str:
    return f"`{state}` {STATES[state][0]}"


def _step_cell(step: str) -> str:
    return f"`{step}`" + (f" {ORDINARY_STEP_NAMES[step][0]}" if step in ORDINARY_STEP_NAMES else "")


def main(arguments: list[str]) -> str | None:
    return write_or_check(PAGE_PATH, render, "docs.generate.lifecycle", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
