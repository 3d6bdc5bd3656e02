"""Changes of the rosters of organisations and mediators. The subject of such an event is the code of the organisation."""

from marshmallow import ValidationError

from contracts import kinds, samples
from contracts.definitions import Step
from contracts.fields import (
    Day,
    ListOf,
    Schema,
    agency_code_field,
    choice_field,
    mediator_id_field,
    organisation_code_field,
    township_code_field,
    village_code_field,
)


class RosterChanged(Schema):
    """A change of an organisation on the roster or, if `mediator` is given, of one person of it. Names of persons are not reported."""

    organisation = organisation_code_field(
        required=True, zh="名册上的组织代码，须与subject一致", en="code of the organisation on the roster, the same as `subject`"
    )
    change = choice_field(kinds.ROSTER_CHANGES, required=True, zh="变更种类", en="kind of change")
    on = Day(required=True, zh="生效日期；移出名册的，为移出后的首日", en="day on which the change takes effect; for a removal, the first day after membership")
    mediator = mediator_id_field(
        zh="变更所涉人员的名册编号，不得填写姓名；变更组织本身的不填",
        en="roster number of the person concerned, never a name; left out if the organisation itself is changed",
    )
    role = choice_field(
        kinds.MEMBER_ROLES, zh="人员身份；列入或者变更人员时填写", en="role of the person; given when a person is added or changed", example="mediator"
    )
    kind = choice_field(
        kinds.ORGANISATION_KINDS,
        zh="组织类别；列入或者变更组织时填写",
        en="kind of organisation; given when an organisation is added or changed",
        example="peoples_mediation_committee",
    )
    agency = agency_code_field(
        zh="代该组织上报的机构；列入或者变更组织时填写", en="the agency that reports for the organisation; given when an organisation is added or changed"
    )
    township = township_code_field(
        zh="组织所在乡镇（街道）；不限于一个乡镇的不填", en="township of the organisation; left out if it serves more than one township"
    )
    village = village_code_field(
        zh="组织所在村（社区），前九位须与township一致；村（社区）组织填写",
        en="village of the organisation, within `township`; given for an organisation of a village or community",
    )
    takes = ListOf(
        choice_field(kinds.KINDS),
        high=len(kinds.KINDS),
        zh="受理的纠纷类型；不填视为全部类型",
        en="kinds of dispute that are accepted; all kinds if left out",
        example=["neighbour"],
    )

    def validate_fields(self, data):
        if "village" in data and not data["village"].startswith(data.get("township", "-")):
            raise ValidationError("not_in_township", "village")


STEPS = (
    Step(
        "roster.changed",
        RosterChanged,
        roles="J C",
        zh="名册变更",
        en="a change of a roster was reported",
        is_about_roster=True,
        is_correctable=False,  # it is about no dispute; another change of the roster replaces it
        example={
            "organisation": samples.ORGANISATION,
            "change": "added",
            "on": "2026-03-01",
            "mediator": samples.MEDIATOR,
            "role": "mediator",
            "takes": ["neighbour"],
        },
        assigning_fields=("agency",),
    ),
)
