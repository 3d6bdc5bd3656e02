"""Explanations on the dashboard, taken from package contracts: articles behind deadlines, origins of periods that no law sets, meanings of states."""

from contracts.clocks import CLOCKS
from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES, cited_articles, origin_anchor
from contracts.states import ENDINGS_OF_ANY_STATE, STATE_EXPLANATIONS

LAW_PATH = "/law"

# fmt: off
TEXTS = {
    # key                    zh                                   en
    "law":                  ("期限的法律依据",                     "Legal basis of deadlines"),
    "law_lead":             ("设定各项期限的条文原文、来源与效力。英文为译文，以中文为准；注明“摘要”的不是原文。期限的起算、暂停、延长与完成，见项目文件 docs/deadlines.md 与 docs/lifecycle.md。",
                             "The sentences that set the periods, their sources and validity. The English text is a translation; the Chinese text is authentic. Text marked as a summary is not a quotation. "
                             "What starts, pauses, extends and meets a deadline is described in docs/deadlines.md and docs/lifecycle.md of the project."),
    "law_contents":         ("目录",                               "Contents"),
    "law_summary":          ("摘要",                               "Summary"),
    "law_issued_by":        ("制定机关",                           "Issued by"),
    "law_number":           ("文号与版本",                         "Number and version"),
    "law_published":        ("公布载体",                           "Published in"),
    "law_validity":         ("效力",                               "Validity"),
    "law_valid_from":       ("自{first}起施行",                    "in force since {first}"),
    "law_valid_between":    ("{first}至{last}",                    "from {first} to {last}"),
    "law_verified":         ("核对文本日期",                       "Compared with a text of"),
    "law_note":             ("说明",                               "Note"),
    "law_modelled":         ("参照本条的期限",                     "Periods modelled on this article"),
    "rule_origins":         ("法律没有规定的期限",                 "Periods that no law sets"),
    "rule_origins_lead":    ("下列期限性质为政策、约定时限或者地方规定，届满不得称为法定逾期。县级配置可以另定长度。",
                             "These periods are set by policy, agreement or local rule; a dispute past such a deadline must not be called legally overdue. The county's settings may change their length."),
    "rule_owner":           ("规则制定者",                         "Rule made by"),
    "rule_modelled_on":     ("参照",                               "Modelled on"),
    "rule_no_model":        ("没有参照的条文",                     "no article"),
    "state_explained":      ("状态说明",                           "About this state"),
    "state_meaning":        ("含义",                               "Meaning"),
    "state_actor":          ("由谁办理",                           "Who must act"),
    "state_ends":           ("如何结束",                           "How it ends"),
    "states_explained":     ("状态说明",                           "The states of a dispute"),
    "all_states_explained": ("全部状态的说明",                     "All states"),
    "endings_of_any_state": ENDINGS_OF_ANY_STATE,
}
# fmt: on


def article_links(citation: str, clock: str) -> list[tuple[str, str | None]]:
    """Return the cited articles as (article, anchor on the law page); the anchor is None for an article whose text is not on that page.

    For the citation `none` (no law sets the period) the anchor is that of the section on the origin of the clock's period.
    """
    if citation in ("none", ""):
        return [(citation, origin_anchor(clock) if clock in RULE_ORIGINS else None)]
    analogy_prefix = "after " if citation.startswith("after ") else ""
    return [(analogy_prefix + article, _law_page_anchor(article)) for article in cited_articles(citation)]


def law_anchor(citation: str | None, clock: str) -> str | None:
    """Return the anchor of the first article of a citation that has a text on the law page; None if there is none."""
    return next((anchor for _, anchor in article_links(citation or "none", clock) if anchor), None)


def _law_page_anchor(article: str) -> str | None:
    return ARTICLE_TEXTS[article].anchor if article in ARTICLE_TEXTS else None


def law_page_contents() -> dict:
    """Return the contents of the law page: sources of law, articles by source, origins of periods that no law sets, and clocks modelled on each article."""
    articles = {law: [text for text in ARTICLE_TEXTS.values() if text.law == law] for law in SOURCES}
    origins = [(clock, origin_anchor(clock), RULE_ORIGINS[clock]) for clock in CLOCKS if clock in RULE_ORIGINS]
    modelled = {article: [(clock, anchor) for clock, anchor, origin in origins if article in origin.modelled_on] for article in ARTICLE_TEXTS}
    return {"sources": SOURCES, "articles": articles, "texts": ARTICLE_TEXTS, "origins": origins, "modelled": modelled}


def state_explanation(state: str):
    """Return the explanation of a state, or None for a state that this version does not know."""
    return STATE_EXPLANATIONS.get(state)
