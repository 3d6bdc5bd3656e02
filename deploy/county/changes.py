"""Differences between two versions of a county's folder, and the changes that are refused. Pure."""

from dataclasses import dataclass

from contracts.county import County

# fmt: off
REFUSALS = {
    "area":     ("区划代码不同：一套系统只服务一个县（区）", "the area differs: one installation serves one county"),
    "agency":   ("机构{code}不得删去：请将status改为removed，其历史记录仍要用到名称",
                 "agency {code} may not disappear: set its status to removed, because its history needs its names"),
    "role":     ("机构{code}的类别不得更改：请撤销后以新代码增加", "the role of agency {code} may not change: remove it and add another one"),
    "township": ("乡镇{code}不得删去：已登记的纠纷要用到名称", "township {code} may not disappear: registered disputes need its name"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Changes:
    """Codes of the changed agencies, in file order. `refused` contains sentences in both languages; if there are any, nothing may be applied."""

    added: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    reactivated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def agencies(self) -> bool:
        """Return whether any agency changes."""
        return any((self.added, self.renamed, self.suspended, self.reactivated, self.removed))


def compare(before: County, after: County) -> Changes:
    """Return the changes that applying `after` makes in an installation that uses `before`."""
    both = [(before.agencies[code], agency) for code, agency in after.agencies.items() if code in before.agencies]

    def changed_to(status: str) -> tuple[str, ...]:
        added_agencies = [agency for code, agency in after.agencies.items() if code not in before.agencies and agency.status == status != "active"]
        return tuple(agency.code for agency in [new for old, new in both if old.status != status == new.status] + added_agencies)

    return Changes(
        added=tuple(code for code, agency in after.agencies.items() if code not in before.agencies and agency.status != "removed"),
        renamed=tuple(new.code for old, new in both if (old.zh, old.en) != (new.zh, new.en)),
        suspended=changed_to("suspended"),
        reactivated=tuple(new.code for old, new in both if not old.is_active and new.is_active),
        removed=changed_to("removed"),
        refused=tuple(_refusals(before, after, both)),
    )


def _refusals(before, after, both):
    if before.area != after.area:
        yield _sentence("area")
    yield from (_sentence("agency", code) for code in before.agencies if code not in after.agencies)
    yield from (_sentence("role", new.code) for old, new in both if old.role != new.role)
    yield from (_sentence("township", code) for code in before.townships if code not in after.townships)


def _sentence(rule, code=""):
    zh, en = REFUSALS[rule]
    return f"{zh.format(code=code)} | {en.format(code=code)}"
