"""Somebody brings a dispute, and perhaps somebody else brings it again. The grid settles what it finds, or takes it up the levels."""

from demo import county
from demo.steps import REJECTED, TWIN, Code
from demo.story import Story


def report(story: Story, risk: dict | None = None) -> None:
    data = facts(story, story.reporter, story.channel)
    if risk:
        data["risk"] = risk
    story.say(story.reporter, "dispute.reported", data, subject=data["report_no"])
    if risk:
        return  # it is compared with nothing, and nothing else is said of it outside the lane
    if story.goes("told twice"):
        story.hours(1, 30)
        story.say(story.reporter, "dispute.reported", data, subject=data["report_no"])
    if story.goes("told by another agency"):
        _told_again(story, data)
    elif story.goes("a likely duplicate"):
        _likely_duplicate(story, data)
    if story.slip == "early agreement":
        story.say(story.body, "agreement.reached", agreement(story, [], "oral"), expected=REJECTED)


def facts(story: Story, agency: str, channel: str) -> dict:
    place = {"township": story.township} | ({"village": story.village} if story.village else {})
    wants = "filing" if channel == "filing_desk" else "advice" if story.goes("asks for advice") else "mediation"
    flags = [flag for flag, way in FLAGS.get(story.kind, ()) if story.goes(way)] + (["mass"] if story.goes("many people") else [])
    data = {"report_no": story.report_no(agency), "channel": channel, "place": place, "kind": story.kind, "wants": wants}
    data |= {"parties": [story.person(label) for label in story.parties]}
    data |= {"standings": county.STANDINGS[story.kind]} if story.kind in county.STANDINGS else {}
    data |= {"flags": flags} if flags else {}
    data |= {"cause": county.CAUSE[story.kind]} if story.kind in county.CAUSE else {}
    if story.kind in county.SUMS_CNY and story.goes("told with a sum"):
        story.sum = story.amount()
        data["amount_cny"] = f"{story.sum}.00"
    return data


FLAGS = {"labour": (("wage_arrears", "wages in arrears"),)}


def _told_again(story, data):
    """By another agency: under the code that it knows of, or as something new, and the hub finds that it is the same."""
    other = _another(story)
    story.hours(2, 60)
    again = data | {"report_no": story.report_no(other), "channel": story.one_of(county.REPORTERS[other][1])}
    knows_the_code = story.goes("known by its code")
    story.say(other, "dispute.reported", again, subject=None if knows_the_code else again["report_no"])
    if not knows_the_code and story.goes("taken apart again"):
        _take_apart(story, other)
        _two_of_them(story)


def _likely_duplicate(story, data):
    """The same parties, and another matter: the centre is asked, and decides."""
    other = _another(story)
    story.hours(4, 90)
    kind = "damages" if story.kind != "damages" else "neighbour"
    more = {name: data[name] for name in ("place", "wants", "parties")}
    twin = more | {"report_no": story.report_no(other), "channel": story.one_of(county.REPORTERS[other][1]), "kind": kind}
    story.say(other, "dispute.reported", twin, subject=twin["report_no"], of=TWIN)
    decided = story.at("likely duplicate")
    story.office(hours=(2, 9))
    if decided != "two disputes":
        story.say(county.CENTRE, "reports.joined", {"into": Code()}, of=TWIN)
    if decided == "joined and taken apart":
        _take_apart(story, other)
    if decided != "joined":
        _two_of_them(story)


def _take_apart(story, other):
    story.office(hours=(3, 12))
    story.say(county.CENTRE, "reports.unjoined", {"reported_by": other}, subject=Code(), of=TWIN)


def _two_of_them(story):
    """The second of the two is soon over: there was nothing in it for mediation."""
    story.office(hours=(1, 3))
    story.say(county.CENTRE, "dispute.screened", {"suitable": False, "track": "A", "kind": story.kind}, of=TWIN)
    story.say(county.CENTRE, "dispute.archived", {"archive_no": f"{story.archive_no()}-2"}, of=TWIN)


def _another(story):
    return story.one_of({code: weight for code, (weight, _) in county.REPORTERS.items() if code not in (story.reporter, county.THE_BODY)})


def settle_where_found(story: Story) -> bool:
    """The grid worker settles what she finds, else it goes up: group, village, judicial office, township (四级七天). Whether that was the end of it."""
    if story.reporter != county.GRID or story.slip:
        return False
    if story.goes("settled on the spot"):
        return _settled(story, county.GRID)
    if story.channel != "grid" or story.last.agency != county.GRID or not story.goes("goes up a level"):
        return False  # nor where another's report came in between: by then time may have taken it up itself
    _goes_up(story, "village_level")
    if story.goes("settled a level up"):
        story.office(workdays=1)
        return _settled(story, county.GRID)
    _goes_up(story, "township_office_level")
    return False


def _goes_up(story, level):
    """Under its own number: the code may not have come yet."""
    story.hours(0.2, 4)
    facts = {"level": level, "escalated_for": story.at("escalation")}
    story.say(county.GRID, "level.escalated", facts, subject=story.report_no(county.GRID), at_once=True)


def _settled(story, by):
    story.hours(1, 4)
    story.say(by, "agreement.reached", agreement(story, [], "oral"))
    story.office(workdays=story.random.randint(2, 9))
    story.say(county.CENTRE, "dispute.followed_up", {"settled": True, "satisfied": story.goes("satisfied")})
    return True


def agreement(story: Story, terms: list[dict], form: str) -> dict:
    data = {"form": form, "effective_on": story.today(), "terms": terms, "confirmable": bool(terms), "about": [ABOUT.get(story.kind, "obligation")]}
    if form == "written":
        data["document_sha256"] = f"{story.random.getrandbits(256):064x}"
    return data


ABOUT = {"family": "maintenance", "inheritance": "property"}
