"""A roster of organisations and mediators changes. The subject of such an event is the organisation's code."""

from marshmallow import ValidationError

from contracts import kinds, samples
from contracts.fields import Day, ListOf, Schema, agency_code, mediator_id, one_of, organisation_code, township_code, village_code
from contracts.rows import Step


class RosterChanged(Schema):
    """A change of an organisation, or with `mediator` of one person on its roster. Names are not reported: they stand in the file that the agency keeps."""

    organisation = organisation_code(required=True, zh="名册上的组织代码，须与subject一致", en="code of the organisation on the roster, the same as `subject`")
    change = one_of(kinds.ROSTER_CHANGES, required=True, zh="变更种类", en="what kind of change it is")
    on = Day(required=True, zh="生效日期；移出名册的为移出的第一日", en="the first day on which it holds; of what is removed, the first day without it")
    mediator = mediator_id(
        zh="变更所涉人员的名册编号，不得填写姓名；变更组织本身的不填",
        en="roster number of the person concerned, never a name; left out if the organisation itself changes",
    )
    role = one_of(kinds.MEMBER_ROLES, zh="人员身份；列入或者变更人员时填写", en="what the person is; for a person who is added or changed", example="mediator")
    kind = one_of(
        kinds.ORGANISATION_KINDS,
        zh="组织类别；列入或者变更组织时填写",
        en="kind of organisation; for one that is added or changed",
        example="peoples_mediation_committee",
    )
    agency = agency_code(zh="代该组织上报的机构；列入或者变更组织时填写", en="the agency that reports for the organisation; for one that is added or changed")
    township = township_code(zh="组织所在乡镇（街道）；不限于一个乡镇的不填", en="the organisation's township; left out if it serves more than one")
    village = village_code(
        zh="组织所在村（社区），前九位须与township一致；村（社区）组织填写", en="the organisation's village, within `township`; for the body of a village"
    )
    takes = ListOf(
        one_of(kinds.KINDS),
        high=len(kinds.KINDS),
        zh="受理的纠纷类型；不填视为全部类型",
        en="the kinds of dispute that it takes; every kind if left out",
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
        en="a roster changed",
        about_roster=True,
        correctable=False,
        confirmed=False,  # mediation publishes roster.changed with the whole report
        example={
            "organisation": samples.ORGANISATION,
            "change": "added",
            "on": "2026-03-01",
            "mediator": samples.MEDIATOR,
            "role": "mediator",
            "takes": ["neighbour"],
        },
        assigns=("agency",),
    ),
)
