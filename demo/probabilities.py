"""Probabilities of the branches and choices of the simulation, with the source of each figure. The package `stages` has the steps of the branches.

The source "guessed" marks a probability for which no figure is published. Guessed probabilities are so large that a quarter of 1200 disputes contains
every branch.
"""

from dataclasses import dataclass

GUESSED_SOURCE = "guessed"


@dataclass(frozen=True, slots=True)
class Branch:
    """A yes/no decision of the simulation.

    `probability`: probability of yes. `cases`: description of the disputes or steps for which the decision is made.
    """

    name: str
    probability: float
    cases: str
    source: str = GUESSED_SOURCE


# One branch per line: the event that happens or not, its probability, the cases for which it is decided, and the source of the probability.
# fmt: off
BRANCHES = (
    #      name                                       probability, cases                                               source of the probability
    # branches of reporting
    Branch("reported twice",                          0.020,  "reports"),
    Branch("reported by another agency",              0.050,  "reports"),                                           # both reports have the same parties, place and matter, so that intake joins them
    Branch("second agency knows the code",            0.500,  "reports by another agency"),
    Branch("separated again",                         0.150,  "reports joined by intake"),                          # the join is undone, because the reports are about two disputes of the same parties
    Branch("likely duplicate",                        0.015,  "reports"),                                           # both reports have the same parties but another matter; the centre decides whether to join them
    Branch("amount reported",                         0.800,  "kinds with an amount"),
    Branch("party asks for advice",                   0.060,  "reports, except at the filing desk"),
    Branch("third party",                             0.070,  "reports"),
    Branch("in a village",                            0.700,  "reports"),
    Branch("many people involved",                    0.010,  "reports"),
    Branch("wages in arrears",                        0.400,  "labour disputes"),
    Branch("registered by mistake",                   0.006,  "reports without an agency's mistake"),
    # reports of the grid (village-level workers, 网格); 四级七天: settle at four levels within seven days
    Branch("settled on the spot",                     0.350,  "reports of the grid"),
    Branch("escalated",                               0.250,  "other disputes that only the grid reported"),
    Branch("settled after escalation",                0.400,  "escalated disputes"),
    # what can happen at screening and referral
    Branch("screened late",                           0.050,  "screenings"),
    Branch("not suitable",                            0.040,  "screenings"),
    Branch("redirected",                              0.500,  "disputes not suitable"),
    Branch("screened by the women's federation",      0.300,  "family disputes"),
    Branch("proposal followed",                       0.750,  "referrals"),
    Branch("handled jointly",                         0.060,  "referrals"),
    Branch("referral declined",                       0.080,  "referrals"),
    Branch("referral not answered",                   0.030,  "referrals not declined"),
    Branch("referral answered late",                  0.070,  "referrals accepted"),
    # branches of consent and choice of the mediator
    Branch("party cannot be reached",                 0.020,  "disputes accepted"),
    Branch("consent refused",                         0.070,  "disputes accepted"),
    Branch("conflict disclosed",                      0.010,  "disputes with both consents"),
    Branch("mediator refused",                        0.015,  "other disputes with both consents"),
    Branch("appointment requested",                   0.040,  "other disputes with both consents"),
    Branch("mediator agreed",                         0.350,  "disputes with both consents and no request"),
    # branches of mediation
    Branch("agreement reached",                       0.655,  "mediations",                                            "65.4 % (2025 Q1-3), 66.1 % (2023 Q1-3) of mediations succeed"),
    Branch("mediation extended",                      0.090,  "mediations"),
    Branch("period exceeded",                         0.050,  "other mediations not extended"),
    Branch("legal period exceeded",                   0.350,  "labour and medical mediations"),                     # the legal period is exceeded often, because labour mediation has only fifteen days
    Branch("supervision when overdue",                0.700,  "mediations past the period"),
    Branch("supervision answered",                    0.800,  "supervisions"),
    Branch("supervision by the committee",            0.006,  "mediations"),                                        # supervision (督办) of a grave matter or after a complaint
    Branch("departments called",                      0.030,  "mediations"),                                        # the centre calls departments to help (中心吹哨、部门报到)
    Branch("department answered",                     0.900,  "departments called"),
    Branch("petition registered",                     0.020,  "mediations"),
    Branch("petition transferred",                    0.450,  "petitions"),
    Branch("petition returned",                       0.600,  "petitions transferred"),
    Branch("petition extended",                       0.300,  "petitions"),
    Branch("appraisal",                               0.030,  "mediations"),
    Branch("suspected sham",                          0.010,  "mediations"),
    Branch("suspicion unfounded",                     0.550,  "suspected shams"),
    Branch("sued during mediation",                   0.008,  "mediations"),                                        # parties may sue during mediation, because mediation never prevents a suit
    Branch("report withdrawn",                        0.008,  "mediations"),
    Branch("session reported wrongly",                0.010,  "mediations"),
    Branch("stayed",                                  0.015,  "mediations"),                                        # stays for ordinary reasons, which are more frequent than safeguard holds
    Branch("step attempted during stay",              0.250,  "disputes stayed"),
    # branches of agreement
    Branch("performed on the spot",                   0.300,  "agreements"),
    Branch("written agreement",                       0.820,  "agreements without terms"),
    Branch("termination reported after agreement",    0.100,  "agreements"),                                        # agreement is the first of the eight grounds of termination
    Branch("date reported wrongly",                   0.010,  "agreements"),
    Branch("confirmation applied for",                0.200,  "agreements with terms",                                 "“low” (Xijiao tribunal, Feb 2025); the probability is guessed"),
    Branch("papers missing",                          0.080,  "applications for confirmation"),
    Branch("confirmation extended",                   0.080,  "applications for confirmation"),
    Branch("confirmation decided late",               0.350,  "applications for confirmation"),                     # so that some disputes are legally overdue
    Branch("confirmation objected to",                0.080,  "agreements confirmed"),
    Branch("confirmation applied for again",          0.400,  "applications withdrawn"),
    Branch("new agreement",                           0.500,  "agreements not confirmed"),
    Branch("agreement enforced",                      0.300,  "agreements confirmed",                                  "55.5 % in a sample of published rulings (2022), which shows the worst"),
    Branch("term performed",                          0.965,  "other terms",                                           "with those enforced: 94.52 % of terms performed (2023 Q1-3)"),
    Branch("term performed in part",                  0.350,  "terms not kept"),
    Branch("followed up",                             0.850,  "agreements"),
    Branch("parties satisfied",                       0.930,  "parties asked"),
    # branches of failed mediation and court
    Branch("sued after failure",                      0.220,  "failed mediations"),
    Branch("filing refused",                          0.060,  "claims at the filing desk"),
    Branch("complaint corrected",                     0.120,  "claims at the filing desk"),
    Branch("filing decided late",                     0.020,  "cases filed"),
    Branch("case entrusted",                          0.598,  "cases filed",                                           "59.83 % sent to mediation (Anding district of Dingxi, 2,014 of 3,366)"),
    Branch("entrusted case settled",                  0.645,  "cases entrusted",                                       "64.5 % of those (1,299 of 2,014)"),
    Branch("entrusted case overdue",                  0.200,  "cases entrusted"),                                   # entrusted cases are overdue often, because the simplified procedure has only seven days
    Branch("entrusted mediation extended",            0.080,  "cases entrusted"),
    Branch("appraisal in trial",                      0.060,  "trials"),
    Branch("trial extended",                          0.080,  "trials"),
    Branch("changed to ordinary procedure",           0.080,  "trials not ordinary"),
    Branch("participant named",                       0.150,  "trials"),
    Branch("judgment enforced",                       0.300,  "judgments"),
    # branches of the end of a dispute
    Branch("failure followed up",                     0.500,  "failed mediations"),
    Branch("reopened",                                0.015,  "disputes archived"),
    # safeguard lane (安全保护专线): disputes in which a person is in danger
    Branch("safeguarded at report",                   0.008,  "reports"),
    Branch("safeguarded at screening",                0.004,  "screenings"),
    Branch("safeguarded during mediation",            0.006,  "mediations"),
    Branch("police warning",                          0.600,  "safeguarded disputes because of domestic violence"),
    Branch("protection order applied for",            0.700,  "safeguarded disputes"),
    Branch("urgent application",                      0.300,  "applications for protection"),
    Branch("protection order refused",                0.250,  "applications for protection"),
    Branch("mediated after release",                  0.400,  "disputes reported as safeguarded"),
    # deliberate mistakes of agencies: steps that intake must refuse or mediation must reject
    Branch("agency mistake",                          0.050,  "disputes"),
)
# Choices among several options: name of the choice → {option: weight}. Most options are allowed tokens of the package contracts.
CHOICE_WEIGHTS = {
    "kind of mistake":                {"agreement before referral": 6, "acceptance by another body": 6, "mediation before consent": 6, "archiving before performance": 6,
                                       "extension too late": 2, "mediator named in trial": 4, "enforcement without title": 3, "step not permitted": 9, "unknown code": 6},
    "decision on likely duplicate":   {"joined": 6, "joined and separated": 3, "two disputes": 2},
    "session mode":                   {"in_person": 70, "video": 9, "phone": 8, "circuit": 10, "court_visit": 3},
    "decline reason":                 {"not_our_kind": 4, "not_our_place": 4, "no_mediator": 2, "conflict_of_interest": 1, "duplicate": 1},
    "way of consent":                 {"orally": 4, "by_phone": 3, "in_writing": 3, "by_conduct": 1},
    "way of refusal":                 {"orally": 3, "by_phone": 3, "in_writing": 1},
    "termination ground":             {"differences_too_large": 55, "party_unwilling": 25, "party_refuses_to_sign": 8, "self_settled_withdrawn": 7, "other_obstacle": 5},
    "pause reason":                   {"appraisal": 3, "assessment": 1},
    "reason to call departments":     {"expertise": 3, "joint_visit": 3, "authority": 2, "mass": 1},
    "department's answer":            {"reported_in": 5, "sends_somebody": 3, "gives_opinion": 2, "not_ours": 1},
    "escalation reason":              {"beyond_ability": 4, "parties_ask": 1},
    "committee's supervision reason": {"grave": 3, "complaint": 2, "repeated": 1},
    "answer to supervision":          {"under_way": 5, "done": 3, "needs_time": 2, "not_ours": 1},
    "petition result":                {"explained": 6, "supported": 2, "not_supported": 1},
    "confirmation result":            {"confirmation.granted": 84, "confirmation.withdrawn": 8, "confirmation.refused": 8},
    "objection result":               {"confirmation.granted": 4, "confirmation.refused": 1},
    "confirmation refusal ground":    {"unclear": 4, "harms_others": 1, "breaks_law": 1},
    "kind of term":                   {"cease": 3, "restore": 2, "apology": 3, "work": 2, "vacate": 1, "other": 1},
    "court procedure":                {"simplified": 5, "fast_track": 2, "small_claims": 2, "ordinary": 2},
    "filing refusal reason":          {"conditions_not_met": 3, "not_corrected": 2, "not_this_court": 1, "repeated_suit": 1},
    "participant's role":             {"assessor": 4, "expert": 2, "representative": 2, "witness": 1, "interpreter": 1},
    "closing mode of a settled case": {"mediated": 5, "withdrawn": 3, "other": 2},
    "closing mode of a trial":        {"judgment": 42, "mediated": 30, "withdrawn": 22, "other": 6},
    "enforcement result":             {"full": 6, "settled": 2, "part": 1, "none_found": 1},
    "reason of mistaken registration": {"not_happened": 2, "wrong_facts": 1, "twice": 1},
    "withdrawal reason":              {"wrong_dispute": 2, "not_happened": 1, "twice": 3},
    "stay agency and reason":         {("C", "preservation"): 3, ("C", "jurisdiction"): 3, ("M", "duplicate_check"): 3, ("J", "recusal"): 2,
                                       ("C", "file_lent"): 1, ("P", "inquiry"): 2},
    "kind of danger":                 {"domestic_violence": 7, "minor": 2, "violence_threat": 1},
    "safeguard during mediation":     {"police warning": 2, "protection order": 1},
    "reporting role in danger":       {"W": 5, "P": 5, "G": 2, "C": 1, "M": 1},
    "applicant for protection order": {"W": 5, "P": 2, "C": 3},
    "release reason":                 {"danger_passed": 4, "unfounded": 2, "otherwise_safe": 2, "true_wish": 1},
    "reopening reason":               {"recurred": 5, "new_facts": 2, "closed_by_mistake": 1},
}
# fmt: on

PROBABILITY_OF_BRANCH = {branch.name: branch.probability for branch in BRANCHES}
