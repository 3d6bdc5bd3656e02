"""Schemas of objects nested in event data, shared by events of several streams."""

from marshmallow import ValidationError

from contracts import kinds
from contracts.fields import ListOf, Number, Schema, Sentence, agency_code_field, choice_field, organisation_code_field
from contracts.reasons import REASONS, is_sentence_of


class ReasonGiven(Schema):
    code = choice_field(REASONS, required=True, zh="原因代码", en="code of the reason")
    zh = Sentence(required=True, zh="原因说明（中文）", en="the reason as a sentence in Chinese", example=REASONS["dispute_closed"].zh)
    en = Sentence(required=True, zh="原因说明（英文）", en="the reason as a sentence in English", example=REASONS["dispute_closed"].en)

    def validate_fields(self, data):
        if not is_sentence_of(data["code"], data["zh"], data["en"]):
            raise ValidationError("not_the_sentence", "zh")


class Candidate(Schema):
    to = agency_code_field(required=True, zh="建议的承办机构", en="the proposed agency")
    organisation = organisation_code_field(
        zh="建议的名册组织；机构代多个组织上报时提供", en="the organisation on the roster; given if the agency reports for several organisations"
    )
    joint_with = ListOf(agency_code_field(), high=10, required=True, zh="建议联合调处的机构", en="agencies proposed for joint handling")
    points = Number(-10_000, 10_000, required=True, zh="按分流规则各项得分之和", en="sum of the points given by the routing rules", example=60)
    reasons = ListOf(
        choice_field(kinds.PROPOSAL_REASONS), high=20, required=True, zh="建议理由，按权重由高到低", en="reasons of the proposal, by descending weight"
    )


class Excluded(Schema):
    to = agency_code_field(required=True, zh="未予建议的机构", en="the agency that is excluded")
    organisation = organisation_code_field(
        zh="未予建议的名册组织；机构代多个组织上报时提供", en="the organisation on the roster; given if the agency reports for several organisations"
    )
    reason = choice_field(kinds.EXCLUSION_REASONS, required=True, zh="排除理由", en="reason of the exclusion")
