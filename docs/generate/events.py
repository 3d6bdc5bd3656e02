"""Generator of docs/events.md, the list of all events: those that agencies report, with the events published as a result, and those of each service.

`python -m docs.generate.events` writes the page; with `--check` it only reports whether the page is outdated.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from contracts import AGENCY_EVENTS, AGENCY_STATEMENTS, DOMAIN_EVENTS, FACTS, ROLES, ROSTER_STEP_NAMES, SUBSCRIPTIONS, safeguard
from docs.generate.pages import markdown_table, write_or_check
from services.mediation.dispute.hold import HOLD_TRANSITIONS, STAY_TRANSITIONS
from services.mediation.dispute.step import NOTED

PAGE_PATH = Path(__file__).resolve().parents[1] / "events.md"
FLOW_TESTS = PAGE_PATH.parents[1] / "tests" / "flows"


@dataclass(frozen=True)
class PublishedEvent:
    """One event that services publish as a result of an agency's event. Its type is one of `event_types`. `is_conditional`: published in some cases only."""

    event_types: tuple[str, ...]
    is_conditional: bool = False

    def __str__(self):
        text = " / ".join(f"`{event_type}`" for event_type in self.event_types)
        return f"({text})" if self.is_conditional else text


# fmt: off
# Events that intake publishes as a result, if it is not `step.reported`, by type of the agency's event.
PUBLISHED_BY_INTAKE = {
    "dispute.reported":  (PublishedEvent(("dispute.registered", "step.reported")),),       # `step.reported` if the dispute is already registered
    "reports.unjoined":  (PublishedEvent(("step.reported", "dispute.registered")),),       # `dispute.registered` if the report never had a dispute code
    "roster.changed":    (PublishedEvent(("roster.reported",)),),
    "agency.alive":      (PublishedEvent(("watermarks.advanced",)),),
}
# Events that mediation publishes as a result, if it is not the event of the same type that confirms the step.
PUBLISHED_BY_MEDIATION = {
    "reports.unjoined":  (PublishedEvent(("reports.unjoined", "dispute.reported")),),      # `dispute.reported` if the report never had a dispute code
}
# Events that intake publishes after it has received mediation's confirmation that the step took effect.
PUBLISHED_BY_INTAKE_AFTERWARDS = {
    "reports.joined":    (PublishedEvent(("dispute.merged",)),),
    "reports.unjoined":  (PublishedEvent(("dispute.unmerged",)),),
}
# Events that mediation publishes after it has received those.
PUBLISHED_BY_MEDIATION_AFTERWARDS = {
    "reports.joined":    (PublishedEvent(("merge.noted",)),),
    "reports.unjoined":  (PublishedEvent(("unmerge.noted",)),),
}
# Steps after which mediation applies the history of the dispute again.
STEPS_THAT_RECOMPUTE = {"report.corrected": False, "report.withdrawn": False, "reports.unjoined": True}     # True: in some cases only
STEPS_THAT_CLOSE_A_DISPUTE = ("dispute.archived", "reports.joined")

# Groups of senders, in the order of the page: Chinese title, English title, and a function that returns whether an event with these roles belongs to the group.
SENDER_GROUPS = (
    ("各机构",                   "Every agency",                                 lambda roles, event: len(roles) >= 8),
    ("综治中心、政法委",          "Mediation centre, political-legal committee",  lambda roles, event: "M" in roles and "B" not in roles and not is_safeguard_event(event)),
    ("调解组织及其他办理机构",     "Mediation bodies and other handlers",          lambda roles, event: {"M", "B"} <= roles),
    ("名册管理机构",              "Keepers of rosters",                           lambda roles, event: event.type in ROSTER_STEP_NAMES),
    ("法院",                     "Courts",                                       lambda roles, event: "C" in roles and not is_safeguard_event(event)),
    ("信联办",                   "Petition office",                              lambda roles, event: "X" in roles),
    ("网格、村（社区）、乡镇（街道）", "Grid, villages, townships",                  lambda roles, event: "G" in roles),
    ("安全保护专线",              "Safeguard lane (sealed)",                      lambda roles, event: is_safeguard_event(event)),
)

# Chinese and English summary of the events that each service publishes.
SERVICE_SUMMARIES = {
    "intake":    ("登记、合并与上报的步骤", "registrations, joins and reported steps"),
    "mediation": ("步骤的效力、期限与建议", "effects of steps, deadlines and proposals"),
    "notify":    ("通知的送达",            "delivery of notices"),
}
# fmt: on


def is_safeguard_event(event) -> bool:
    """Return whether the event belongs to the safeguard lane (events that only police, courts and the women's federation see)."""
    return event.type in safeguard.STEP_NAMES


def sender_group(event) -> int:
    """Return the number of the first group of senders to which the event belongs. Raises StopIteration if it belongs to none."""
    roles = set(event.allowed_roles)
    return next(number for number, (_, _, belongs) in enumerate(SENDER_GROUPS) if belongs(roles, event))


def published_after(event_type: str) -> list[PublishedEvent]:
    """Return the events that services publish after an agency's event of this type took effect: those of intake, of mediation, then of both again."""
    intake = PUBLISHED_BY_INTAKE.get(event_type, (PublishedEvent(("step.reported",)),))
    if event_type in AGENCY_STATEMENTS:
        return [*intake]
    if event_type in ROSTER_STEP_NAMES:
        return [*intake, PublishedEvent((event_type,))]
    if event_type in safeguard.STEP_NAMES:
        return [*intake, *_hold_events(event_type), PublishedEvent(("step.applied",))]
    fact = PUBLISHED_BY_MEDIATION.get(event_type, (PublishedEvent((event_type,)),))
    closing_event = (PublishedEvent(("dispute.closed",)),) if event_type in STEPS_THAT_CLOSE_A_DISPUTE else ()
    recomputed = (PublishedEvent(("dispute.recomputed",), STEPS_THAT_RECOMPUTE[event_type]),) if event_type in STEPS_THAT_RECOMPUTE else ()
    afterwards = (*PUBLISHED_BY_INTAKE_AFTERWARDS.get(event_type, ()), *PUBLISHED_BY_MEDIATION_AFTERWARDS.get(event_type, ()))
    return [*intake, *fact, *recomputed, *closing_event, *afterwards]


def _hold_events(event_type):
    """Yield the event by which mediation opens a safeguard hold or stay (unless one is open already), or ends it, if the step does so."""
    cells = [(row, cells[event_type]) for transitions in (HOLD_TRANSITIONS, STAY_TRANSITIONS) for row, cells in transitions.items() if event_type in cells]
    if any(row == "free" for row, _ in cells):
        yield PublishedEvent(("safeguard.held",), is_conditional=True)
    elif any(target != NOTED for _, target in cells):
        yield PublishedEvent(("safeguard.released",))


def flow_tests() -> dict[str, Path]:
    """Return, by event type, the file of a flow test that reports the event: the one whose name shares most words with the type, or the shortest of several."""
    best_ranks: dict[str, tuple] = {}
    for path in sorted(FLOW_TESTS.glob("test_*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        event_types = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if any(isinstance(node, ast.Attribute) and node.attr == "reports_dispute" for node in nodes):
            event_types.add("dispute.reported")
        for event_type in event_types & set(AGENCY_EVENTS):
            shared_words = {part[:5] for part in event_type.split(".")} & {part[:5] for part in path.stem.split("_")}
            rank = (-len(shared_words), path.stat().st_size, path)
            best_ranks[event_type] = min(best_ranks.get(event_type, rank), rank)
    return {event_type: rank[-1] for event_type, rank in best_ranks.items()}


def is_followed_by_usual_events(event_type: str) -> bool:
    """Return whether an agency's event of this type is followed by `step.reported` and an event of the same type, as most are."""
    return [published.event_types for published in published_after(event_type)] == [("step.reported",), (event_type,)]


def render() -> str:
    """Return the page as Markdown."""
    tests = flow_tests()
    parts = [HEAD, "## 各机构上报的事件 · Events that agencies report", AGENCY_NOTES, _role_legend()]
    for number, (zh, en, _) in enumerate(SENDER_GROUPS):
        rows = [_agency_row(event, tests) for event in AGENCY_EVENTS.values() if sender_group(event) == number]
        parts += [f"### {zh} · {en}", markdown_table(("事件 Event", "上报机构 Senders", "流程测试 Flow test"), rows)]
    exceptions = [(f"`{type}`", " → ".join(map(str, published_after(type)))) for type in AGENCY_EVENTS if not is_followed_by_usual_events(type)]
    parts += [EXCEPTIONS, markdown_table(("上报 Reported", "随后发布 Published then"), exceptions)]
    parts += ["## 各服务发布的事件 · Events that services publish", SERVICE_NOTES]
    for service, (zh, en) in SERVICE_SUMMARIES.items():
        listeners = ", ".join(name for name, producers in SUBSCRIPTIONS.items() if service in producers)
        lines = [f"- `{event.type}` {event.zh} · {event.en}" for event in DOMAIN_EVENTS.values() if event.stream == service and event.type not in FACTS]
        parts += [f"### {service}：{zh} · {en}", f"接收方 Listeners: {listeners}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _agency_row(event, tests):
    test = tests.get(event.type)
    return (
        _event_cell(event),
        " ".join(letter for letter in ROLES if letter in event.allowed_roles),
        f"[{test.stem.removeprefix('test_').replace('_', ' ')}](../tests/flows/{test.name})" if test else "–",
    )


def _event_cell(event):
    return f"`{event.type}`<br>{event.zh} · {event.en}"


def _role_legend():
    return "上报机构 Senders: " + " · ".join(f"**{letter}** {zh} {en}" for letter, (zh, en) in ROLES.items())


HEAD = """# 事件一览 · Events

For developers of agency systems and of the services: after this page you know which events exist, who sends each of them, and which events follow. 本页供接入开发人员与服务开发人员使用；阅读后，可以查明有哪些事件、由谁发送、随后发布什么。

Fields and examples of every event: [event catalogue](contracts/README.md). States and guards: [lifecycle](lifecycle.md). This page is generated: `make map`; a test compares it with the services' rules."""

AGENCY_NOTES = """An agency reports an event to `intake`, which stores it and answers with `receipt.accepted` or `receipt.refused`. Usually two events follow: `intake` publishes `step.reported`; `mediation` decides that the step takes effect and publishes an event of the same type as the agency's event (a fact), upon which `intake` sends the agency `receipt.applied`. The fact states what the agency reported, the state before and after the step, the agencies that have to act next, and in `deadlines` what the step did to the deadlines. If the step does not take effect, `mediation` publishes `step.refused` with a reason, and the agency gets `receipt.rejected`. The [exceptions](#例外--exceptions) are listed below.

机构向`intake`上报，`intake`存证并以`receipt.accepted`或者`receipt.refused`回执。通常随后发布两个事件：`intake`发布`step.reported`；`mediation`认定步骤生效的，发布与上报同名的事实，`intake`据此发出`receipt.applied`。事实载明上报内容、步骤前后的状态、下一步由谁办理，并在`deadlines`中载明该步骤对期限的影响。步骤不生效的，`mediation`发布`step.refused`并附理由，机构收到`receipt.rejected`。例外情形见下文。"""

EXCEPTIONS = """### 例外 · Exceptions

Agencies' events after which services publish other events than the usual ones, in order. ` / ` separates alternatives. Events in brackets are published in some cases only. A change of a roster that does not take effect is answered with `roster.refused`. Events of the safeguard lane travel in [sealed streams](safeguard.md), which `metrics` does not receive. A step that shows that a deadline passed before it is preceded by the automatic step of that deadline; a step that is reported late may be followed by `dispute.recomputed`. Events about deadlines that are not due to a step, proposals and notices that may follow are left out here and above. 以“/”分隔的为其中之一；括号内的仅在部分情形下发布。名册变更不生效的，发布`roster.refused`。安全保护专线的事件经独立通道传输，`metrics`不接收。步骤表明此前期限已届满的，先发布该期限的自动步骤；迟到的步骤之后可能发布`dispute.recomputed`。非由步骤引起的期限事件以及建议、通知从略。"""

SERVICE_NOTES = """A listener receives every event of a stream, in order per dispute, and ignores types for which it has no rule. In addition to the events listed here, `mediation` publishes one event for each step that takes effect, of the same type as the agency's event (a fact).

接收方按纠纷顺序收到该发布者的全部事件，对无规则的类型不作处理。除下列事件外，`mediation`对每一生效步骤发布与上报事件同名的事实。"""


def main(arguments: list[str]) -> int:
    message = write_or_check(PAGE_PATH, render, "docs.generate.events", arguments)
    if message:
        print(message)
    return bool(message)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
