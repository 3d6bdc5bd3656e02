"""Steps that concern an agreement and what follows it: conclusion, performance, follow-up, archiving and reopening."""

from contracts import kinds, samples
from contracts.definitions import Step
from contracts.fields import Amount, Boolean, Day, ListOf, Nested, Number, Schema, agency_number_field, choice_field, sha256_field
from contracts.steps.mediation import MEDIATION_ROLES
from contracts.steps.referral import REFERRAL_ROLES


class Term(Schema):
    kind = choice_field(kinds.TERM_KINDS, required=True, zh="协议义务的种类", en="kind of obligation")
    due_on = Day(required=True, zh="履行期限届满日", en="last day for performance")
    amount_cny = Amount(
        zh="金额，人民币元，最多两位小数的字符串；不涉及金额时不填", en="amount in yuan, as a string with at most two decimals; left out if there is none"
    )


class AgreementReached(Schema):
    form = choice_field(kinds.AGREEMENT_FORMS, required=True, zh="协议形式", en="form of the agreement")
    effective_on = Day(
        required=True,
        zh="协议生效日期；申请司法确认的期限由此起算",
        en="day on which the agreement took effect; the period for applying for judicial confirmation begins on it",
    )
    document_sha256 = sha256_field(
        zh="协议书文件的SHA-256摘要值；书面协议填写，文件留存本单位", en="SHA-256 digest of a written agreement; the document itself stays with the agency"
    )
    terms = ListOf(
        Nested(Term),
        high=100,
        load_default=list,
        zh="约定的各项义务，按协议顺序；没有时不填",
        en="agreed terms in the order of the agreement; left out if there are none",
    )
    confirmable = Boolean(required=True, zh="是否可以申请司法确认", en="whether judicial confirmation may be applied for")
    about = ListOf(
        choice_field(kinds.AGREEMENT_SUBJECTS),
        zh="协议所涉事项；能够确定时填写",
        en="subject matters of the agreement, if they can be determined",
        example=["obligation"],
    )


class PerformanceRecorded(Schema):
    term = Number(1, 100, required=True, zh="第几项义务，从1起，按协议中terms的顺序", en="number of the term, counted from 1 in the order of `terms`")
    result = choice_field(kinds.PERFORMANCE_RESULTS, required=True, zh="履行结果", en="result of the performance")
    on = Day(required=True, zh="履行日期或者查明未履行的日期", en="day of the performance, or day on which the default was established")


class DisputeFollowedUp(Schema):
    settled = Boolean(required=True, zh="纠纷是否已经化解", en="whether the dispute is settled")
    satisfied = Boolean(zh="当事人是否满意；已经询问的填写", en="whether the parties are satisfied, if they were asked")


class DisputeArchived(Schema):
    archive_no = agency_number_field(required=True, zh="本单位的档案编号", en="the agency's archive number of the file", example="调〔2026〕7号")
    reason = choice_field(
        kinds.MISREPORT_REASONS,
        zh="误报归档的事由；仅对误报登记的纠纷填写",
        en="mistake in the registration; given only for a dispute that was registered by mistake",
        example="not_happened",
    )


class DisputeReopened(Schema):
    reason = choice_field(kinds.REOPEN_REASONS, required=True, zh="重新启动的事由", en="reason for reopening the dispute")


STEPS = (
    Step(
        "agreement.reached",
        AgreementReached,
        roles=f"{REFERRAL_ROLES} G",  # G: grids (网格, village-level workers) may settle a dispute on the spot
        zh="达成调解协议",
        en="an agreement was reached",
        example={
            "form": "written",
            "effective_on": "2026-03-25",
            "document_sha256": samples.SHA256,
            "terms": [{"kind": "payment", "due_on": "2026-06-30", "amount_cny": "12000.00"}],
            "confirmable": True,
        },
    ),
    Step(
        "performance.recorded",
        PerformanceRecorded,
        roles=MEDIATION_ROLES,
        zh="记录履行情况",
        en="performance was recorded",
        example={"term": 1, "result": "full", "on": "2026-06-28"},
    ),
    Step(
        "dispute.followed_up",
        DisputeFollowedUp,
        roles=REFERRAL_ROLES,
        zh="回访",
        en="the dispute was followed up",
        example={"settled": True, "satisfied": True},
    ),
    Step("dispute.archived", DisputeArchived, roles=REFERRAL_ROLES, zh="归档", en="the dispute was archived", example={"archive_no": "调〔2026〕7号"}),
    Step("dispute.reopened", DisputeReopened, roles=MEDIATION_ROLES, zh="重新启动", en="the dispute was reopened", example={"reason": "recurred"}),
)
