"""Which ways disputes go, and how many of them go there: two tables, with where each figure comes from. What happens on a way stands in chapters/.

Published figures stand in domain terms beside their source; “guessed” is a share for which nothing is published, chosen so that a quarter of
1200 disputes shows every row of the life.
"""

from dataclasses import dataclass

GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    share: float
    of: str
    source: str = GUESSED


# fmt: off
WAYS = (
    #   way                          share   of what                                  where the share comes from
    # reported
    Way("told twice",                0.020,  "reports"),
    Way("told by another agency",    0.050,  "reports"),                              # the same parties, place and matter: the hub joins them by rule
    Way("known by its code",         0.500,  "what another agency tells"),
    Way("taken apart again",         0.150,  "what was joined by rule"),              # two quarrels of the same two after all
    Way("a likely duplicate",        0.015,  "reports"),                              # the same parties, another matter: the centre decides
    Way("told with a sum",           0.800,  "kinds with a sum"),
    Way("asks for advice",           0.060,  "reports, filing desk apart"),
    Way("more than two sides",       0.070,  "reports"),
    Way("in a village",              0.700,  "reports"),
    Way("many people",               0.010,  "reports"),
    Way("wages in arrears",          0.400,  "labour disputes"),
    Way("registered by mistake",     0.006,  "reports without a slip"),
    # the grid: 四级七天
    Way("settled on the spot",       0.350,  "what the grid finds"),
    Way("goes up a level",           0.250,  "what the grid alone reports and does not settle"),
    Way("settled a level up",        0.400,  "what goes up"),
    # screened and sent on
    Way("screened late",             0.050,  "screenings"),
    Way("not suitable",              0.040,  "screenings"),
    Way("redirected",                0.500,  "what is not suitable"),
    Way("screened by the women",     0.300,  "family disputes"),
    Way("proposal followed",         0.750,  "referrals"),
    Way("handled jointly",           0.060,  "referrals"),
    Way("declined",                  0.080,  "referrals"),
    Way("no answer",                 0.030,  "referrals not declined"),
    Way("answered late",             0.070,  "referrals taken"),
    # consent and mediator
    Way("cannot be reached",         0.020,  "disputes taken"),
    Way("consent refused",           0.070,  "disputes taken"),
    Way("conflict disclosed",        0.010,  "disputes with both consents"),
    Way("another mediator",          0.015,  "the same, without a conflict"),
    Way("appointment asked for",     0.040,  "the rest"),
    Way("mediator agreed",           0.350,  "the rest of these"),
    # mediated
    Way("agreed",                    0.655,  "mediations",                            "65.4 % (2025 Q1-3), 66.1 % (2023 Q1-3) of mediations succeed"),
    Way("extended",                  0.090,  "mediations"),
    Way("past the period",           0.050,  "other mediations not extended"),
    Way("past the legal period",     0.350,  "labour and medical mediations"),       # fifteen days are short
    Way("urged when overdue",        0.700,  "mediations past the period"),
    Way("urging answered",           0.800,  "urgings"),
    Way("urged by the committee",    0.006,  "mediations"),                           # 督办 for a grave matter or a complaint
    Way("departments_called",        0.030,  "mediations"),                           # 中心吹哨、部门报到
    Way("reported in",               0.900,  "departments called"),
    Way("petitioned",                0.020,  "mediations"),
    Way("petition transferred",      0.450,  "petitions"),
    Way("petition returned",         0.600,  "petitions transferred"),
    Way("petition extended",         0.300,  "petitions"),
    Way("appraised",                 0.030,  "mediations"),
    Way("suspected sham",            0.010,  "mediations"),
    Way("nothing in it",             0.550,  "suspicions"),
    Way("sued meanwhile",            0.008,  "mediations"),                           # mediation never blocks the way to court
    Way("misreported",               0.008,  "mediations"),
    Way("told wrongly",              0.010,  "mediations"),
    Way("stayed",                    0.015,  "mediations"),                           # for ordinary reasons: more of them than holds
    Way("tried all the same",        0.250,  "disputes that stand still"),
    # agreed
    Way("kept on the spot",          0.300,  "agreements"),
    Way("in writing",                0.820,  "agreements without terms"),
    Way("ground told",               0.100,  "agreements"),                           # the first of the eight grounds
    Way("date told wrongly",         0.010,  "agreements"),
    Way("confirmed",                 0.200,  "agreements with terms",                 "“low” (Xijiao tribunal, Feb 2025); the share is guessed"),
    Way("papers missing",            0.080,  "applications for confirmation"),
    Way("more time to decide",       0.080,  "applications for confirmation"),
    Way("objected to",               0.080,  "agreements confirmed"),
    Way("applied for again",         0.400,  "applications withdrawn"),
    Way("agreed anew",               0.500,  "agreements not confirmed"),
    Way("enforced",                  0.300,  "agreements confirmed",                  "55.5 % in a sample of published rulings (2022), which shows the worst"),
    Way("kept",                      0.965,  "other terms",                           "with those enforced: 94.52 % of terms performed (2023 Q1-3)"),
    Way("kept in part",              0.350,  "terms not kept"),
    Way("followed up",               0.850,  "agreements"),
    Way("satisfied",                 0.930,  "parties asked"),
    # failed, and before the court
    Way("sued",                      0.220,  "mediations that failed"),
    Way("filing refused",            0.060,  "what comes to the filing desk"),
    Way("complaint put right",       0.120,  "what comes to the filing desk"),
    Way("decided late",              0.020,  "cases filed"),
    Way("entrusted",                 0.598,  "cases filed",                           "59.83 % sent to mediation (Anding district of Dingxi, 2,014 of 3,366)"),
    Way("settled when entrusted",    0.645,  "cases entrusted",                       "64.5 % of those (1,299 of 2,014)"),
    Way("late when entrusted",       0.200,  "cases entrusted"),                     # seven days are shorter
    Way("more time in court",        0.080,  "cases entrusted"),
    Way("appraised in court",        0.060,  "trials"),
    Way("trial extended",            0.080,  "trials"),
    Way("turned ordinary",           0.080,  "trials not ordinary"),
    Way("somebody named",            0.150,  "trials"),
    Way("judgment enforced",         0.300,  "judgments"),
    # afterwards
    Way("told of the failure",       0.500,  "mediations that failed"),
    Way("comes up again",            0.015,  "disputes archived"),
    # the safeguard lane 安全保护专线
    Way("in danger",                 0.008,  "reports"),
    Way("danger seen later",         0.004,  "screenings"),
    Way("danger comes up",           0.006,  "mediations"),
    Way("warned",                    0.600,  "disputes in the lane for violence at home"),
    Way("protection applied for",    0.700,  "disputes in the lane"),
    Way("urgent",                    0.300,  "applications for protection"),
    Way("protection refused",        0.250,  "applications for protection"),
    Way("mediated afterwards",       0.400,  "disputes that were reported into the lane"),
    # mistakes of agencies that the hub refuses, and should
    Way("a slip",                    0.050,  "disputes"),
)
CROSSROADS = {
    "slip":              {"early agreement": 6, "another body": 6, "before consent": 6, "archived too early": 6, "too late to extend": 2, "mediator in court": 4,
                          "nothing to enforce": 3, "not theirs": 9, "wrong code": 6},
    "likely duplicate":  {"joined": 6, "joined and taken apart": 3, "two disputes": 2},
    "mode":              {"in_person": 70, "video": 9, "phone": 8, "circuit": 10, "court_visit": 3},
    "decline":           {"not_our_kind": 4, "not_our_place": 4, "no_mediator": 2, "conflict_of_interest": 1, "duplicate": 1},
    "consent":           {"orally": 4, "by_phone": 3, "in_writing": 3, "by_conduct": 1},
    "refusal":           {"orally": 3, "by_phone": 3, "in_writing": 1},
    "ground":            {"differences_too_large": 55, "party_unwilling": 25, "party_refuses_to_sign": 8, "self_settled_withdrawn": 7, "other_obstacle": 5},
    "appraisal":         {"appraisal": 3, "assessment": 1},
    "departments_called": {"expertise": 3, "joint_visit": 3, "authority": 2, "mass": 1},
    "report-in":         {"reported_in": 5, "sends_somebody": 3, "gives_opinion": 2, "not_ours": 1},
    "escalation":        {"beyond_ability": 4, "parties_ask": 1},
    "committee urges":   {"grave": 3, "complaint": 2, "repeated": 1},
    "answer to urging":  {"under_way": 5, "done": 3, "needs_time": 2, "not_ours": 1},
    "petition":          {"explained": 6, "supported": 2, "not_supported": 1},
    "confirmation":      {"confirmation.granted": 84, "confirmation.withdrawn": 8, "confirmation.refused": 8},
    "objection":         {"confirmation.granted": 4, "confirmation.refused": 1},
    "confirmation refused": {"unclear": 4, "harms_others": 1, "breaks_law": 1},
    "term":              {"cease": 3, "restore": 2, "apology": 3, "work": 2, "vacate": 1, "other": 1},
    "procedure":         {"simplified": 5, "fast_track": 2, "small_claims": 2, "ordinary": 2},
    "filing refused":    {"conditions_not_met": 3, "not_corrected": 2, "not_this_court": 1, "repeated_suit": 1},
    "named":             {"assessor": 4, "expert": 2, "representative": 2, "witness": 1, "interpreter": 1},
    "settled in court":  {"mediated": 5, "withdrawn": 3, "other": 2},
    "closed":            {"judgment": 42, "mediated": 30, "withdrawn": 22, "other": 6},
    "enforcement":       {"full": 6, "settled": 2, "part": 1, "none_found": 1},
    "mistake":           {"not_happened": 2, "wrong_facts": 1, "twice": 1},
    "misreport":         {"wrong_dispute": 2, "not_happened": 1, "twice": 3},
    "stay":              {("C", "preservation"): 3, ("C", "jurisdiction"): 3, ("M", "duplicate_check"): 3, ("J", "recusal"): 2,
                          ("C", "file_lent"): 1, ("P", "inquiry"): 2},
    "danger":            {"domestic_violence": 7, "minor": 2, "violence_threat": 1},
    "danger with a body": {"warned": 2, "protection": 1},
    "danger told by":    {"W": 5, "P": 5, "G": 2, "C": 1, "M": 1},
    "protection":        {"W": 5, "P": 2, "C": 3},
    "release":           {"danger_passed": 4, "unfounded": 2, "otherwise_safe": 2, "true_wish": 1},
    "reopened":          {"recurred": 5, "new_facts": 2, "closed_by_mistake": 1},
}
# fmt: on

SHARES = {way.name: way.share for way in WAYS}
