"""The two kinds of row in which events are defined: what an agency reports, and what our services publish."""

from dataclasses import KW_ONLY, dataclass, field

from contracts.fields import Schema


@dataclass(frozen=True, slots=True, eq=False)
class EventType:
    """One type of event of one stream."""

    type: str
    schema: type[Schema]  # of `data`
    _: KW_ONLY
    stream: str  # who publishes it: "agencies", or one of contracts.channels.STREAMS
    zh: str
    en: str
    example: dict  # of `data`
    allowed_roles: frozenset[str] = frozenset()  # roles whose agencies may report it; empty for what services publish

    @property
    def dataschema(self) -> str:
        """The CloudEvents attribute of the same name. A new meaning is a new type; fields may be added."""
        return f"urn:fengqiao:{self.stream}:{self.type}:1"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One type of event that agencies report."""

    type: str
    schema: type[Schema]  # of `data`
    _: KW_ONLY
    roles: str  # letters of the roles whose agencies may report it
    zh: str
    en: str
    example: dict  # of `data`
    about_roster: bool = False  # its subject is an organisation on the roster, not a dispute
    is_sealed: bool = False  # it belongs to the safeguard lane and travels in the sealed streams only
    correctable: bool = True  # report.corrected may give its facts anew
    confirmed: bool = True  # mediation publishes a fact of the same type when the step took effect
    assigns: tuple[str, ...] = ()  # fields that give an agency something to do: one that is suspended or removed is named in none of them
    hold_cause: str | None = None  # cause of the hold or stay that it opens: a key of kinds.HOLD_CAUSES
    by_time: bool = False  # time takes this step too; then its fact names no event and no agency
    fact_also: dict = field(default_factory=dict)  # fields of its fact that the agency does not report, by name

    @property
    def names(self) -> tuple[str, str]:
        return self.zh, self.en
