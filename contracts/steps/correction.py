"""Reports are joined with those of another dispute, corrected or withdrawn."""

from marshmallow import ValidationError

from contracts import kinds, samples
from contracts.fields import Schema, agency_code, dispute_code, event_id, one_of
from contracts.rows import Step
from contracts.step_facts import StepFacts
from contracts.steps import topics

ANYBODY = "C M J W P X L G B"
CORRECTABLE = {step.type: step for step in topics.STEPS if step.correctable}


def earlier_event():
    return event_id(required=True, zh="所更正或者撤销的事件的id，须为本机构所报", en="id of the earlier event, which the same agency reported")


class ReportsJoined(Schema):
    into = dispute_code(
        required=True, zh="并入的纠纷编码；本事件所指纠纷随之终结", en="code of the dispute that goes on; the one that this event is about ends"
    )


class ReportsUnjoined(Schema):
    reported_by = agency_code(required=True, zh="其上报须重新单列编码的机构", en="the agency whose reports get a code of their own again")


class ReportCorrected(Schema):
    event = earlier_event()
    reason = one_of(kinds.MISREPORTS, required=True, zh="更正事由", en="what was wrong")
    corrects = one_of(
        CORRECTABLE, zh="所更正事件的类型；与facts同时填写", en="the type of the event that is corrected; together with `facts`", example="session.held"
    )
    facts = StepFacts(
        CORRECTABLE,
        named_by="corrects",
        zh="更正后的全部内容，格式同所更正的事件类型；仅更正时间的不填",
        en="all its facts as they should have been, in the form of that type; left out if only the time was wrong",
    )

    def validate_fields(self, data):
        if "facts" in data and "corrects" not in data:
            raise ValidationError("required", "corrects")


class ReportWithdrawn(Schema):
    event = earlier_event()
    reason = one_of(kinds.MISREPORTS, required=True, zh="撤销事由", en="what was wrong")


# None of these is correctable: another one of them undoes it.
STEPS = (
    Step(
        "reports.joined",
        ReportsJoined,
        roles="M",
        zh="并案",
        en="the dispute was joined to another",
        correctable=False,
        fact_also={"body": agency_code(zh="被并入纠纷的承办机构", en="the agency that had the dispute that ended")},
        example={"into": samples.OTHER_DISPUTE},
    ),
    Step(
        "reports.unjoined",
        ReportsUnjoined,
        roles="M",
        zh="撤销并案",
        en="an agency's reports were taken out again",
        correctable=False,
        example={"reported_by": samples.FEDERATION},
    ),
    Step(
        "report.corrected",
        ReportCorrected,
        roles=ANYBODY,
        zh="更正上报",
        en="an earlier report was corrected",
        correctable=False,
        example={"event": samples.ACCEPTANCE["id"], "reason": "wrong_facts", "corrects": "session.held", "facts": {"mode": "video", "minutes": 40}},
    ),
    Step(
        "report.withdrawn",
        ReportWithdrawn,
        roles=ANYBODY,
        zh="撤销上报",
        en="an earlier report was withdrawn",
        correctable=False,
        example={"event": samples.ACCEPTANCE["id"], "reason": "wrong_dispute"},
    ),
)
