"""A dispute is laid in the archive; some come up again."""

from demo import county
from demo.story import Story


def is_sued(story: Story) -> bool:
    """Mediation failed: the way to court is open (人民调解法 26). Whether somebody takes it."""
    return story.last.type in ("mediation.terminated", "consent.refused") and story.last.data.get("ground") != "agreement_reached" and story.goes("sued")


def put_away(story: Story) -> None:
    """Nobody looked at it yet, and it should never have been registered."""
    story.office(hours=(1, 4))
    story.say(county.CENTRE, "dispute.archived", {"archive_no": story.archive_no(), "reason": story.at("mistake")})


def archive(story: Story) -> None:
    if story.last.type == "mediation.terminated" and story.goes("told of the failure"):
        story.office(workdays=story.random.randint(1, 6))
        story.say(story.body, "dispute.followed_up", {"settled": False})
    story.office(workdays=story.random.randint(1, 8), hours=(0, 6))
    with_a_body = any(step.type == "dispute.routed" for step in story.steps) and not story.is_filed
    story.say(story.body if with_a_body else county.CENTRE, "dispute.archived", {"archive_no": story.archive_no()})


def come_up_again(story: Story) -> None:
    """Under its old code; this time the parties think better of it."""
    story.office(workdays=story.random.randint(3, 15))
    story.say(county.CENTRE, "dispute.reopened", {"reason": story.at("reopened")})
    story.office(hours=(1, 7))
    story.say(county.CENTRE, "dispute.screened", {"suitable": True, "track": "A", "kind": story.kind})
    story.office(workdays=story.random.randint(1, 3))
    story.say(county.CENTRE, "mediation.terminated", {"ground": "self_settled_withdrawn"})
    story.say(county.CENTRE, "dispute.archived", {"archive_no": story.archive_no()})
