"""Writes docs/events.md from the contract and the services' tables, or with --check reports that it is stale: `python -m docs.generate.events [--check]`.

The page lists every event, grouped by sender: what agencies report, with the events that services publish as a result, then what each service publishes.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, FACTS, ROLES, ROSTER_STEP_NAMES, SUBSCRIPTIONS, safeguard
from docs.generate.pages import table, write_or_check
from services.mediation.dispute.hold import HOLD_TRANSITIONS, STAY_TRANSITIONS
from services.mediation.dispute.step import NOTED

PATH = Path(__file__).resolve().parents[1] / "events.md"
FLOW_TESTS = PATH.parents[1] / "tests" / "flows"


@dataclass(frozen=True)
class Published:
    """One event that follows from an agency's event: one of `event_types`. `is_conditional`: in some cases none."""

    event_types: tuple[str, ...]
    is_conditional: bool = False

    def __str__(self):
        text = " / ".join(f"`{event_type}`" for event_type in self.event_types)
        return f"({text})" if self.is_conditional else text


# fmt: off
INTAKE_PUBLISHES = {                   # where it is not `step.reported`
    "dispute.reported":  (Published(("dispute.registered", "step.reported")),),       # `step.reported` if the dispute is known already
    "reports.unjoined":  (Published(("step.reported", "dispute.registered")),),       # `dispute.registered` if the report never had a code
    "roster.changed":    (Published(("roster.reported",)),),
}
MEDIATION_PUBLISHES = {                # where it is not the fact of the same type
    "dispute.reported":  (),
    "reports.unjoined":  (Published(("reports.unjoined",), is_conditional=True),),
}
INTAKE_PUBLISHES_AFTERWARDS = {        # when intake has heard from mediation that the step took effect
    "reports.joined":    (Published(("dispute.merged",)),),
    "reports.unjoined":  (Published(("dispute.unmerged",)),),
}
CLOSES_THE_DISPUTE = ("dispute.archived", "reports.joined")

# Sender groups, in the order of the page: title in Chinese and English, and which sets of roles belong to the group.
GROUPS = (
    ("各机构",                   "Every agency",                                 lambda roles, event: len(roles) >= 8),
    ("综治中心、政法委",          "Mediation centre, political-legal committee",  lambda roles, event: "M" in roles and "B" not in roles and not is_safeguard(event)),
    ("调解组织及其他办理机构",     "Mediation bodies and other handlers",          lambda roles, event: {"M", "B"} <= roles),
    ("名册管理机构",              "Keepers of rosters",                           lambda roles, event: event.type in ROSTER_STEP_NAMES),
    ("法院",                     "Courts",                                       lambda roles, event: "C" in roles and not is_safeguard(event)),
    ("信联办",                   "Petition office",                              lambda roles, event: "X" in roles),
    ("网格、村（社区）、乡镇（街道）", "Grid, villages, townships",                  lambda roles, event: "G" in roles),
    ("安全保护专线",              "Safeguard lane (sealed)",                      lambda roles, event: is_safeguard(event)),
)

SERVICES = {
    "intake":    ("登记、合并与上报的步骤", "registrations, joins and reported steps"),
    "mediation": ("步骤的效力、期限与建议", "effects of steps, deadlines and proposals"),
    "notify":    ("通知的送达",            "delivery of notices"),
}
# fmt: on


def is_safeguard(event) -> bool:
    return event.type in safeguard.STEPS


def group_of(event) -> int:
    """Return the number of the first group to which the event belongs. Raises StopIteration if it belongs to none."""
    roles = set(event.allowed_roles)
    return next(number for number, (_, _, belongs) in enumerate(GROUPS) if belongs(roles, event))


def published_after(event_type: str) -> list[Published]:
    """Return what services publish when an agency's event of this type takes effect, in order: intake, mediation, and intake again where it waited."""
    intake = INTAKE_PUBLISHES.get(event_type, (Published(("step.reported",)),))
    if event_type in ROSTER_STEP_NAMES:
        return [*intake, Published((event_type,))]
    if event_type in safeguard.STEPS:
        return [*intake, *_published_in_the_lane(event_type), Published(("step.applied",))]
    fact = MEDIATION_PUBLISHES.get(event_type, (Published((event_type,)),) if event_type in FACTS else ())
    closed = (Published(("dispute.closed",)),) if event_type in CLOSES_THE_DISPUTE else ()
    return [*intake, *fact, Published(("step.applied",)), *closed, *INTAKE_PUBLISHES_AFTERWARDS.get(event_type, ())]


def _published_in_the_lane(event_type):
    """Yield the event that opens a hold or stay (if none is open), or the one that ends it, as the lane's tables define."""
    cells = [(row, cells[event_type]) for machine in (HOLD_TRANSITIONS, STAY_TRANSITIONS) for row, cells in machine.items() if event_type in cells]
    if any(row == "free" for row, _ in cells):
        yield Published(("safeguard.held",), is_conditional=True)
    elif any(target != NOTED for _, target in cells):
        yield Published(("safeguard.released",))


def flow_tests() -> dict[str, Path]:
    """Return, by event type, the flow test that reports it: the one whose name shares most words with the type, then the shortest."""
    found: dict[str, tuple] = {}
    for path in sorted(FLOW_TESTS.glob("test_*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        event_types = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if any(isinstance(node, ast.Attribute) and node.attr == "reports_dispute" for node in nodes):
            event_types.add("dispute.reported")
        for event_type in event_types & set(AGENCY_EVENTS):
            stems = {part[:5] for part in event_type.split(".")} & {part[:5] for part in path.stem.split("_")}
            rank = (-len(stems), path.stat().st_size, path)
            found[event_type] = min(found.get(event_type, rank), rank)
    return {event_type: rank[-1] for event_type, rank in found.items()}


def is_usual(event_type: str) -> bool:
    """Return whether services publish the usual events after an agency's event of this type: `step.reported`, the fact of the same type, `step.applied`."""
    return [published.event_types for published in published_after(event_type)] == [("step.reported",), (event_type,), ("step.applied",)]


def text() -> str:
    """Return the page as Markdown."""
    tests = flow_tests()
    parts = [HEAD, "## 各机构上报的事件 · Events that agencies report", AGENCY_NOTES, _roles()]
    for number, (zh, en, _) in enumerate(GROUPS):
        rows = [_agency_row(event, tests) for event in AGENCY_EVENTS.values() if group_of(event) == number]
        parts += [f"### {zh} · {en}", table(("事件 Event", "上报机构 Senders", "流程测试 Flow test"), rows)]
    unusual = [(f"`{type}`", " → ".join(map(str, published_after(type)))) for type in AGENCY_EVENTS if not is_usual(type)]
    parts += [EXCEPTIONS, table(("上报 Reported", "随后发布 Published then"), unusual)]
    parts += ["## 各服务发布的事件 · Events that services publish", SERVICE_NOTES]
    for service, (zh, en) in SERVICES.items():
        listeners = ", ".join(name for name, producers in SUBSCRIPTIONS.items() if service in producers)
        lines = [f"- `{event.type}` {event.zh} · {event.en}" for event in DOMAIN_EVENTS.values() if event.stream == service and event.type not in FACTS]
        parts += [f"### {service}：{zh} · {en}", f"接收方 Listeners: {listeners}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _agency_row(event, tests):
    test = tests.get(event.type)
    return (
        _named(event),
        " ".join(letter for letter in ROLES if letter in event.allowed_roles),
        f"[{test.stem.removeprefix('test_').replace('_', ' ')}](../tests/flows/{test.name})" if test else "–",
    )


def _named(event):
    return f"`{event.type}`<br>{event.zh} · {event.en}"


def _roles():
    return "上报机构 Senders: " + " · ".join(f"**{letter}** {zh} {en}" for letter, (zh, en) in ROLES.items())


HEAD = """# 事件一览 · Events

For developers of agency systems and of the services: which events exist, who sends each of them, and which events follow from it. 供接入开发者与服务开发者查阅：有哪些事件、由谁发送、随后发布什么。

Fields and examples of every event: [event catalogue](contracts/README.md). States and guards: [lifecycle](lifecycle.md). This page is generated: `make map`; a test compares it with the services' rules."""

AGENCY_NOTES = """An agency reports an event to `intake`, which stores it and answers with `receipt.accepted` or `receipt.refused`. Usually three events follow: `intake` publishes `step.reported`; `mediation` decides that the step takes effect and publishes a fact of the same type as the agency's event, then `step.applied`, upon which `intake` sends the agency `receipt.applied`. If the step does not take effect, `mediation` publishes `step.refused` with a reason, and the agency gets `receipt.rejected`. The [exceptions](#例外--exceptions) are listed below.

机构向`intake`上报，`intake`存证并以`receipt.accepted`或者`receipt.refused`回执。通常随后发布三个事件：`intake`发布`step.reported`；`mediation`认定步骤生效的，发布与上报同名的事实及`step.applied`，`intake`据此发出`receipt.applied`。步骤不生效的，`mediation`发布`step.refused`并附理由，机构收到`receipt.rejected`。例外情形见下文。"""

EXCEPTIONS = """### 例外 · Exceptions

Events after which services publish something else, in order. ` / `: one of them. In brackets: in some cases only. A change of a roster that does not take effect is answered with `roster.refused`. Events of the safeguard lane travel in [sealed streams](safeguard.md), which `metrics` does not receive. Deadlines, proposals and notices that may follow are left out here and above. 以“/”分隔的为其中之一；括号内的仅在部分情形下发布。名册变更不生效的，发布`roster.refused`。安全保护专线的事件经独立通道传输，`metrics`不接收。随之产生的期限、建议与通知从略。"""

SERVICE_NOTES = """A listener receives every event of a stream, in order per dispute, and ignores types for which it has no rule. In addition to the events listed here, `mediation` publishes one fact for each step that takes effect, of the same type as the agency's event.

接收方按纠纷顺序收到该发布者的全部事件，对无规则的类型不作处理。除下列事件外，`mediation`对每一生效步骤发布与上报事件同名的事实。"""


def main(arguments: list[str]) -> int:
    stale = write_or_check(PATH, text, "docs.generate.events", arguments)
    if stale:
        print(stale)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
