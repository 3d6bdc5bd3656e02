"""Steps of a petition (信访): registration, acceptance, transfer, decision."""

from contracts import kinds
from contracts.county import AGENCIES
from contracts.definitions import Step
from contracts.fields import Boolean, Number, Schema, agency_number_field, choice_field

EXAMPLE_PETITION_NO = "信〔2026〕31号"


def petition_no_field():
    return agency_number_field(
        required=True, stays_at_intake=True, zh="信访件编号，仅由受理服务保存", en="number of the petition; stored by intake only", example=EXAMPLE_PETITION_NO
    )


class PetitionRegistered(Schema):
    petition_no = petition_no_field()
    repeat = Boolean(required=True, zh="是否重复信访", en="whether it is a repeated petition")


class PetitionHandled(Schema):
    petition_no = petition_no_field()
    repeat = Boolean(load_default=False, zh="是否重复信访；不填视为否", en="whether it is a repeated petition; false if left out")


class PetitionExtended(Schema):
    days = Number(1, 365, required=True, zh="经本机关、单位负责人批准延长的天数", en="number of days of the extension approved by the head of the authority")


class PetitionTransferred(PetitionHandled):
    to = choice_field(
        (*AGENCIES, *kinds.OTHER_AUTHORITIES),
        required=True,
        zh="转送的机构或者单位",
        en="the agency or other authority to which it is transferred",
        example="natural_resources_bureau",
    )


class PetitionDecided(PetitionHandled):
    result = choice_field(kinds.PETITION_RESULTS, zh="处理结果；已经载明时填写", en="decision, if stated")


_PETITION_EXAMPLE = {"petition_no": EXAMPLE_PETITION_NO, "repeat": False}

STEPS = (
    Step("petition.registered", PetitionRegistered, roles="X", zh="信访登记", en="a petition was registered", example=_PETITION_EXAMPLE),
    Step("petition.accepted", PetitionHandled, roles="X", zh="受理信访", en="a petition was accepted", example=_PETITION_EXAMPLE),
    Step(
        "petition.extended",
        PetitionExtended,
        roles="X",
        zh="批准延长信访办理期限",
        en="an extension of the period for deciding a petition was approved",
        example={"days": 30},
    ),
    Step(
        "petition.transferred",
        PetitionTransferred,
        roles="X",
        zh="转送信访",
        en="a petition was transferred",
        example={**_PETITION_EXAMPLE, "to": "natural_resources_bureau"},
        assigning_fields=("to",),
    ),
    Step(
        "petition.returned",
        PetitionHandled,
        roles="X",
        zh="对转送提出异议",
        en="an objection to the transfer of a petition was raised",
        example=_PETITION_EXAMPLE,
    ),
    Step("petition.decided", PetitionDecided, roles="X", zh="信访办结", en="a petition was decided", example={**_PETITION_EXAMPLE, "result": "explained"}),
)
