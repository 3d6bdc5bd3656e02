"""Steps that change earlier reports: joining disputes, undoing a join, correcting or withdrawing a report."""

from marshmallow import ValidationError

from contracts import kinds, samples
from contracts.definitions import Step
from contracts.fields import Schema, agency_code_field, choice_field, dispute_code_field, event_id_field
from contracts.step_facts import StepFacts, correction_schema, published_correction_schema
from contracts.steps import topics

ALL_ROLES = "C M J W P X L G B"
REPORT = "dispute.reported"
FACTS_CORRECTED_BY_CENTRE = ("place", "kind")  # the mediation centre may correct these facts of another agency's report
FACTS_REQUIRED_OF_REPORTER = ("channel", "wants")  # `place` and `kind` are always required
CORRECTABLE_STEPS = {step.type: step for step in topics.STEPS if step.is_correctable}


def earlier_event_field():
    return event_id_field(
        required=True, zh="所更正或者撤销的事件的id，须为本机构所报", en="id of the event to be corrected or withdrawn; the same agency must have reported it"
    )


class ReportsJoined(Schema):
    into = dispute_code_field(
        required=True, zh="并入的纠纷编码；本事件所指纠纷随之终结", en="code of the dispute that continues; the dispute in `subject` ends"
    )


class ReportsUnjoined(Schema):
    reported_by = agency_code_field(required=True, zh="其上报须恢复单独编码的机构", en="the agency whose reports get a dispute code of their own again")


def corrected_facts_field(schema_of):
    return StepFacts(
        CORRECTABLE_STEPS,
        type_field="corrects",
        schema_of=schema_of,
        zh="更正后的全部内容，格式同所更正的事件类型，首次上报不含report_no；仅更正时间的不填",
        en="all correct facts, in the schema of the corrected type, for a dispute report without `report_no`; left out if only the time was wrong",
    )


class ReportCorrected(Schema):
    event = earlier_event_field()
    reported_by = agency_code_field(
        zh="原上报机构；仅综治中心更正其他机构上报的发生地和类型时填写",
        en="the agency that sent the report; given only if the mediation centre corrects place and kind in another agency's report",
        example=samples.WOMENS_FEDERATION,
    )
    reason = choice_field(kinds.MISREPORT_REASONS, required=True, zh="更正事由", en="mistake in the earlier report")
    corrects = choice_field(
        CORRECTABLE_STEPS, zh="所更正事件的类型；与facts同时填写", en="type of the corrected event; required with `facts`", example="session.held"
    )
    facts = corrected_facts_field(correction_schema)

    json_rules = {  # noqa: RUF012 - declared once for the class
        "if": {"required": ["reported_by"]},
        "then": {
            "required": ["corrects", "facts"],
            "properties": {"corrects": {"const": REPORT}, "facts": {"propertyNames": {"enum": list(FACTS_CORRECTED_BY_CENTRE)}}},
        },
        "else": {
            "if": {"properties": {"corrects": {"const": REPORT}}, "required": ["corrects"]},
            "then": {"properties": {"facts": {"required": list(FACTS_REQUIRED_OF_REPORTER)}}},
        },
    }

    def validate_fields(self, data):
        if "facts" in data and "corrects" not in data:
            raise ValidationError("required", "corrects")
        if "reported_by" in data:
            _check_correction_by_centre(data)
        elif data.get("corrects") == REPORT and "facts" in data:
            for name in FACTS_REQUIRED_OF_REPORTER:
                if name not in data["facts"]:
                    raise ValidationError({"facts": {name: ["required"]}})


def _check_correction_by_centre(data):
    if "facts" not in data:
        raise ValidationError("required", "facts")
    if data["corrects"] != REPORT:
        raise ValidationError("not_in_list", "corrects")
    for name in data["facts"]:
        if name not in FACTS_CORRECTED_BY_CENTRE:
            raise ValidationError({"facts": {name: ["unknown_field"]}})


class PublishedReportCorrected(ReportCorrected):
    facts = corrected_facts_field(published_correction_schema)


class ReportWithdrawn(Schema):
    event = earlier_event_field()
    reason = choice_field(kinds.MISREPORT_REASONS, required=True, zh="撤销事由", en="mistake in the earlier report")


# These steps cannot be corrected. Each can be undone by another one of them, or by the same step with other content: a join is undone and requested again, and a
# correction is corrected by naming the event of that correction.
STEPS = (
    Step(
        "reports.joined",
        ReportsJoined,
        roles="M",
        zh="并案",
        en="the dispute was joined to another",
        is_correctable=False,
        extra_fact_fields={"body": agency_code_field(zh="被并入纠纷的承办机构", en="the agency that handled the dispute that ended")},
        example={"into": samples.OTHER_DISPUTE},
    ),
    Step(
        "reports.unjoined",
        ReportsUnjoined,
        roles="M",
        zh="撤销并案",
        en="the join of an agency's reports was undone",
        is_correctable=False,
        example={"reported_by": samples.WOMENS_FEDERATION},
    ),
    Step(
        "report.corrected",
        ReportCorrected,
        roles=ALL_ROLES,
        zh="更正上报",
        en="an earlier report was corrected",
        is_correctable=False,
        published_schema=PublishedReportCorrected,
        example={"event": samples.ACCEPTANCE_REF["id"], "reason": "wrong_facts", "corrects": "session.held", "facts": {"mode": "video", "minutes": 40}},
    ),
    Step(
        "report.withdrawn",
        ReportWithdrawn,
        roles=ALL_ROLES,
        zh="撤销上报",
        en="an earlier report was withdrawn",
        is_correctable=False,
        example={"event": samples.ACCEPTANCE_REF["id"], "reason": "wrong_dispute"},
    ),
)
