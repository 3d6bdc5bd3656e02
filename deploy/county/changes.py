"""Differences between two versions of a county's folder, and which changes are refused. Pure."""

from dataclasses import dataclass

from contracts.county import County

# fmt: off
REFUSAL_TEXTS = {
    # Rule → sentence in Chinese and English for a change that breaks it.
    "area":     ("区划代码不同：一套系统只服务一个县（区）", "the area differs: one installation serves one county"),
    "agency":   ("机构{code}不得删去：请将status改为removed，其历史记录仍要用到名称",
                 "agency {code} may not disappear: set its status to removed, because its history needs its names"),
    "role":     ("机构{code}的类别不得更改：请撤销后以新代码增加", "the role of agency {code} may not change: remove it and add another one"),
    "township": ("乡镇{code}不得删去：已登记的纠纷要用到名称", "township {code} may not disappear: registered disputes need its name"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Changes:
    """Codes of the changed agencies, in file order. `refused` contains the reasons, in Chinese and English, why the new version must not be applied."""

    added: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    reactivated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def agencies(self) -> bool:
        """Return whether any agency is added, renamed, suspended, reactivated or removed."""
        return any((self.added, self.renamed, self.suspended, self.reactivated, self.removed))


def compare_counties(before: County, after: County) -> Changes:
    """Return the changes of agencies if an installation that uses county `before` applies county `after`."""
    agency_pairs = [(before.agencies[code], agency) for code, agency in after.agencies.items() if code in before.agencies]

    def codes_changed_to(status: str) -> tuple[str, ...]:
        added_agencies = [agency for code, agency in after.agencies.items() if code not in before.agencies and agency.status == status != "active"]
        return tuple(agency.code for agency in [new for old, new in agency_pairs if old.status != status == new.status] + added_agencies)

    return Changes(
        added=tuple(code for code, agency in after.agencies.items() if code not in before.agencies and agency.status != "removed"),
        renamed=tuple(new.code for old, new in agency_pairs if (old.zh, old.en) != (new.zh, new.en)),
        suspended=codes_changed_to("suspended"),
        reactivated=tuple(new.code for old, new in agency_pairs if not old.is_active and new.is_active),
        removed=codes_changed_to("removed"),
        refused=tuple(_refusal_texts(before, after, agency_pairs)),
    )


def _refusal_texts(before, after, agency_pairs):
    if before.area != after.area:
        yield _refusal_text("area")
    yield from (_refusal_text("agency", code) for code in before.agencies if code not in after.agencies)
    yield from (_refusal_text("role", new.code) for old, new in agency_pairs if old.role != new.role)
    yield from (_refusal_text("township", code) for code in before.townships if code not in after.townships)


def _refusal_text(rule, code=""):
    zh, en = REFUSAL_TEXTS[rule]
    return f"{zh.format(code=code)} | {en.format(code=code)}"
