"""What changes when another version of a county's folder is applied, and what may not change. Pure."""

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
    """Codes of agencies, in the order of the file. `refused`: sentences in both languages; with any of them nothing may be applied."""

    added: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    reactivated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def agencies(self) -> bool:
        """Whether any agency changes."""
        return any((self.added, self.renamed, self.suspended, self.reactivated, self.removed))


def compare(before: County, after: County) -> Changes:
    """Return what applying `after` changes in an installation that runs with `before`."""
    both = [(before.agencies[code], agency) for code, agency in after.agencies.items() if code in before.agencies]

    def became(status: str) -> tuple[str, ...]:
        new = [agency for code, agency in after.agencies.items() if code not in before.agencies and agency.status == status != "active"]
        return tuple(agency.code for agency in [now for was, now in both if was.status != status == now.status] + new)

    return Changes(
        added=tuple(code for code, agency in after.agencies.items() if code not in before.agencies and agency.status != "removed"),
        renamed=tuple(now.code for was, now in both if (was.zh, was.en) != (now.zh, now.en)),
        suspended=became("suspended"),
        reactivated=tuple(now.code for was, now in both if not was.is_active and now.is_active),
        removed=became("removed"),
        refused=tuple(_refusals(before, after, both)),
    )


def _refusals(before, after, both):
    if before.area != after.area:
        yield _sentence("area")
    yield from (_sentence("agency", code) for code in before.agencies if code not in after.agencies)
    yield from (_sentence("role", now.code) for was, now in both if was.role != now.role)
    yield from (_sentence("township", code) for code in before.townships if code not in after.townships)


def _sentence(token, code=""):
    zh, en = REFUSALS[token]
    return f"{zh.format(code=code)} | {en.format(code=code)}"
