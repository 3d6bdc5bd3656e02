"""A petition 信访 is registered, accepted, transferred and decided."""

from contracts import kinds
from contracts.county import AGENCIES
from contracts.fields import Boolean, Number, Schema, one_of, own_number
from contracts.rows import Step

PETITION_NO = "信〔2026〕31号"


def petition_no():
    return own_number(
        required=True, stays_at_intake=True, zh="信访件编号，只由受理服务保存", en="number of the petition; kept by intake alone", example=PETITION_NO
    )


class PetitionRegistered(Schema):
    petition_no = petition_no()
    repeat = Boolean(required=True, zh="是否重复信访", en="whether the same was petitioned before")


class PetitionHandled(Schema):
    petition_no = petition_no()
    repeat = Boolean(load_default=False, zh="是否重复信访；不填视为否", en="whether the same was petitioned before; false if left out")


class PetitionExtended(Schema):
    days = Number(1, 365, required=True, zh="经本机关、单位负责人批准延长的天数", en="by how many days the head of the organ extends the time to decide")


class PetitionTransferred(PetitionHandled):
    to = one_of(
        (*AGENCIES, *kinds.ELSEWHERE),
        required=True,
        zh="转送的机构或者单位",
        en="the agency or other authority to which it is transferred",
        example="natural_resources_bureau",
    )


class PetitionDecided(PetitionHandled):
    result = one_of(kinds.PETITION_RESULTS, zh="处理结果；已经载明时填写", en="what was decided, if stated")


_PETITION = {"petition_no": PETITION_NO, "repeat": False}

STEPS = (
    Step("petition.registered", PetitionRegistered, roles="X", zh="信访登记", en="a petition was registered", example=_PETITION),
    Step("petition.accepted", PetitionHandled, roles="X", zh="受理信访", en="a petition was accepted", example=_PETITION),
    Step(
        "petition.extended",
        PetitionExtended,
        roles="X",
        zh="批准延长信访办理期限",
        en="leave was given for more time to decide a petition",
        example={"days": 30},
    ),
    Step(
        "petition.transferred",
        PetitionTransferred,
        roles="X",
        zh="转送信访",
        en="a petition was transferred",
        example={**_PETITION, "to": "natural_resources_bureau"},
        assigns=("to",),
    ),
    Step("petition.returned", PetitionHandled, roles="X", zh="对转送提出异议", en="the transfer of a petition was objected to", example=_PETITION),
    Step("petition.decided", PetitionDecided, roles="X", zh="信访办结", en="a petition was decided", example={**_PETITION, "result": "explained"}),
)
