"""Steps at the beginning of a dispute: the report and the screening."""

from marshmallow import ValidationError

from contracts import kinds, samples
from contracts.causes import CAUSES
from contracts.definitions import Step
from contracts.fields import (
    Amount,
    Boolean,
    Day,
    ListOf,
    Nested,
    Schema,
    agency_number_field,
    choice_field,
    free_text_field,
    grid_code_field,
    party_label_field,
    pattern_field,
    township_code_field,
    village_code_field,
)

SEALED_BOX_PATTERN = r"^[A-Za-z0-9+/]{64,65536}={0,2}$"  # base64 text of a libsodium sealed box


class Place(Schema):
    township = township_code_field(required=True, zh="纠纷发生地的乡镇（街道）", en="the township or street where the dispute arose")
    village = village_code_field()
    grid = grid_code_field()

    def validate_fields(self, data):
        if not data.get("village", data["township"]).startswith(data["township"]):
            raise ValidationError("not_in_township", "village")


class Risk(Schema):
    domestic_violence = Boolean(load_default=False, zh="是否涉及家庭暴力；不填视为否", en="whether domestic violence is involved; false if left out")
    minor = Boolean(load_default=False, zh="是否有未成年人受侵害；不填视为否", en="whether a minor is at risk; false if left out")
    mass = Boolean(
        load_default=False, zh="是否属于或者可能引发群体性事件；不填视为否", en="whether the dispute is or may become a mass incident; false if left out"
    )
    violence_threat = Boolean(load_default=False, zh="是否存在暴力威胁；不填视为否", en="whether violence was threatened; false if left out")


class Party(Schema):
    role = choice_field(kinds.PARTY_ROLES, required=True, zh="当事人身份", en="role of the party in the dispute")
    name = free_text_field(100, required=True, zh="姓名或者单位名称", en="name of the person or organisation", example="张某某")
    phone = pattern_field(r"^[0-9+() -]{3,32}$", zh="联系电话；不掌握时不填", en="telephone number, if known", example="13900000000")
    id_number = pattern_field(
        r"^[0-9A-Za-z()-]{5,32}$",
        zh="身份证件号码或者统一社会信用代码；用于识别重复上报，不掌握时不填",
        en="identity or unified social credit number, used to recognise repeated reports; left out if not known",
        example="11010519491231002X",
    )
    address = free_text_field(200, zh="住址或者住所地；不掌握时不填", en="address, if known", example=samples.TOWNSHIP_ZH)


class Parties(Schema):
    """Schema that validates a list of parties decrypted from `parties_sealed` in the same way as the field `parties` in clear."""

    parties = ListOf(Nested(Party), low=1, high=50, required=True, zh="当事人名单", en="list of the parties")


def kind_field():
    return choice_field(kinds.KINDS, required=True, zh="纠纷类型", en="kind of dispute", example="family")


def cause_field():
    return choice_field(
        CAUSES, zh="民事案件案由（二级）序号；能够确定时填写", en="number of the cause of action, second level, if it can be determined", example="2"
    )


def amount_cny_field():
    return Amount(
        zh="涉及金额，人民币元，最多两位小数的字符串；不涉及金额时不填",
        en="amount in dispute in yuan, as a string with at most two decimals; left out if there is none",
        example="12000.00",
    )


def wants_field(required=True):
    return choice_field(kinds.WANTS, required=required, zh="诉求", en="request of the applicant", example="mediation")


def channel_field(required=True):
    return choice_field(kinds.CHANNELS, required=required, zh="来源渠道", en="way in which the dispute reached the agency", example="walk_in")


def standings_field():
    return ListOf(
        choice_field(kinds.STANDINGS),
        high=len(kinds.STANDINGS),
        zh="当事人身份类别，不得表明具体身份；有助于确定调解组织时填写",
        en="types of the parties, never their identity; given if they help to determine the suitable body",
        example=["individual"],
    )


def flags_field():
    return ListOf(
        choice_field(kinds.FLAGS),
        high=len(kinds.FLAGS),
        zh="需特别关注的情形；没有时不填",
        en="circumstances that need special attention; left out if there are none",
        example=["wage_arrears"],
    )


def place_field():
    return Nested(Place, required=True, zh="纠纷发生地", en="place where the dispute arose")


def parties_field():
    return ListOf(
        Nested(Party),
        low=1,
        high=50,
        stays_at_intake=True,
        zh="当事人（明文）；与parties_sealed任选其一，仅由受理服务保存",
        en="the parties in clear; alternative to `parties_sealed`; stored by intake only",
    )


def parties_sealed_field():
    return pattern_field(
        SEALED_BOX_PATTERN,
        stays_at_intake=True,
        zh="当事人（加密）：对parties所示的JSON列表用公布的公钥作libsodium密封后的base64；与parties任选其一",
        en="the parties, encrypted: the list `parties` as JSON in a libsodium sealed box for the published key, in base64; alternative to `parties`",
        example="QmFzZTY0IG9mIGEgc2VhbGVkIGJveCwgaW4gd2hpY2ggdGhlIHBhcnRpZXMgc3RhbmQgYXMgSlNPTg==",
    )


def risk_field():
    return Nested(
        Risk,
        load_default=lambda: dict.fromkeys(kinds.RISKS, False),
        stays_at_intake=True,
        zh="风险标记；涉及人身危险的转入安全保护专线，不填视为均无",
        en="risk flags; a flag of danger to a person places the dispute in the safeguard lane; no risk if left out",
    )


NO_RISK = dict.fromkeys(kinds.RISKS, False)
PARTIES_ONE_WAY = {"not": {"required": ["parties", "parties_sealed"]}}  # JSON Schema of `_check_parties_one_way`


def _check_parties_one_way(data):
    if "parties" in data and "parties_sealed" in data:
        raise ValidationError("both_ways", "parties_sealed")


class DisputeReported(Schema):
    report_no = agency_number_field(
        required=True, stays_at_intake=True, zh="本单位的登记编号", en="number that the reporting agency assigned to the report", example="妇联〔2026〕42号"
    )
    channel = channel_field()
    place = place_field()
    kind = kind_field()
    cause = cause_field()
    amount_cny = amount_cny_field()
    wants = wants_field()
    standings = standings_field()
    flags = flags_field()
    parties = parties_field()
    parties_sealed = parties_sealed_field()
    risk = risk_field()

    json_rules = PARTIES_ONE_WAY

    def validate_fields(self, data):
        _check_parties_one_way(data)


class CorrectedReport(Schema):
    """Correct facts of a dispute report, in report.corrected: all of them, or only place and kind if the mediation centre corrects another agency's report.

    Fields that are left out have no value, as in a report; except the parties and the risk flags, which then are unchanged.
    """

    channel = channel_field(required=False)
    place = place_field()
    kind = kind_field()
    cause = cause_field()
    amount_cny = amount_cny_field()
    wants = wants_field(required=False)
    standings = standings_field()
    flags = flags_field()
    parties = parties_field()
    parties_sealed = parties_sealed_field()
    risk = Nested(
        Risk,
        stays_at_intake=True,
        zh="更正后的风险标记；不填的不变，新标记的人身危险转入安全保护专线",
        en="corrected risk flags; unchanged if left out; a new flag of danger to a person places the dispute in the safeguard lane",
    )

    json_rules = PARTIES_ONE_WAY

    def validate_fields(self, data):
        _check_parties_one_way(data)


class PublishedCorrectedReport(CorrectedReport):
    party_labels = ListOf(
        party_label_field(), zh="当事人称谓；更正当事人时提供", en="labels of the parties, if the parties were corrected", example=["applicant"]
    )


class DisputeScreened(Schema):
    suitable = Boolean(required=True, zh="是否适宜调解", en="whether the dispute is suitable for mediation")
    track = choice_field(kinds.TRACKS, required=True, zh="所处轨道：起诉前或者立案后", en="procedural track: before or after filing")
    court_received_on = Day(
        zh="法院收到起诉材料的日期；曾向法院提出的填写，轨道据此确定",
        en="day on which a court received the claim, if one was brought; it determines the track",
        example="2026-03-02",
    )
    matter = choice_field(kinds.MATTERS, zh="事项性质；不填视为民事纠纷", en="legal nature of the matter; a civil matter if left out", example="civil")
    kind = kind_field()
    cause = cause_field()
    standings = standings_field()
    flags = flags_field()
    risk = risk_field()


STEPS = (
    Step(
        "dispute.reported",
        DisputeReported,
        roles="C M J W P X G B",
        zh="纠纷登记上报",
        en="a dispute was reported",
        correction_schema=CorrectedReport,
        published_correction_schema=PublishedCorrectedReport,
        repeats_facts=False,  # intake publishes them as dispute.registered
        example={
            "report_no": "妇联〔2026〕42号",
            "channel": "walk_in",
            "place": {"township": samples.TOWNSHIP, "village": samples.VILLAGE, "grid": samples.GRID},
            "kind": "family",
            "cause": "2",
            "amount_cny": "12000.00",
            "wants": "mediation",
            "parties": [
                {"role": "applicant", "name": "张某某", "phone": "13900000000"},
                {"role": "respondent", "name": "李某某", "address": samples.TOWNSHIP_ZH},
            ],
            "risk": NO_RISK,
        },
    ),
    Step(
        "dispute.screened",
        DisputeScreened,
        roles="M W C",
        zh="纠纷甄别",
        en="the dispute was screened",
        example={"suitable": True, "track": "A", "kind": "family", "cause": "2", "risk": NO_RISK},
    ),
)
