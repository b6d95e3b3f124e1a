"""One definition of a principle's result: what the pure rule says of its ratings, SQL says too, on every read path."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from programme.rules import assessments as rules
from programme.rules.assessments import RatingValue
from programme.rules.ratings import perspective_levels
from programme.tables import Assessment, Rating
from tests.world import World

levels = st.dictionaries(st.integers(1, 5), st.integers(0, 10), max_size=3).map(
    lambda seen: [{"perspective": one, "level": seen[one]} for one in sorted(seen)]
)
ratings_given = st.tuples(st.sampled_from(RatingValue), levels, st.booleans())
rated = st.lists(st.lists(st.one_of(st.none(), ratings_given), max_size=33), max_size=5)
"""For each principle the ratings of its criteria, their levels, and whether they are only carried forward; None: not
rated yet."""

Given = tuple[RatingValue, list[dict[str, int]], bool]


def tree(by_principle: list[list[Given | None]]) -> list[dict[str, Any]]:
    """A version's tree with as many criteria."""
    return [
        {
            "number": number,
            "code": f"P{number}",
            "name": {"lt": f"{number} principas", "en": f"Principle {number}"},
            "description": None,
            "criteria": [
                {"number": f"{number}.{below}", "title": {"lt": "Kriterijus", "en": "Criterion"}, "text": None}
                for below in range(1, len(ratings) + 1)
            ],
        }
        for number, ratings in enumerate(by_principle, start=1)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rated)
async def test_sql_and_the_pure_rule_agree_on_any_ratings(world: World, by_principle: list[list[Given | None]]) -> None:
    coordinator = await world.caller("coordinator")
    if not hasattr(world, "subject"):
        world.subject = await world.assessment(started=True)  # type: ignore[attr-defined]
    subject: dict[str, Any] = world.subject  # type: ignore[attr-defined]
    async with world.at_work() as work:
        await work.session.execute(delete(Rating).where(Rating.assessment_id == UUID(subject["id"])))
        await work.session.execute(
            update(Assessment).where(Assessment.id == UUID(subject["id"])).values(catalogue=tree(by_principle))
        )
        for number, ratings in enumerate(by_principle, start=1):
            for below, rating in enumerate(ratings, start=1):
                if rating is not None:
                    await work.session.execute(
                        insert(Rating).values(
                            organisation_id=UUID(subject["organisation_id"]), assessment_id=UUID(subject["id"]),
                            principle=number, criterion=f"{number}.{below}", rating=rating[0], recorded_at=work.now,
                            levels=rating[1], carried_from=UUID(subject["id"]) if rating[2] else None,
                        )
                    )  # fmt: skip
    path = f"/v1/assessments/{subject['id']}"

    single = (await coordinator.get(path)).json()
    (listed,) = (await coordinator.get("/v1/assessments")).json()["items"]
    results = (await coordinator.get(f"{path}/principles")).json()["items"]

    confirmed = [[one for one in ratings if one is not None and not one[2]] for ratings in by_principle]
    scores = [rules.score(rating for rating, _, _ in ratings) for ratings in confirmed]
    expected = [
        {
            "number": number,
            "code": f"P{number}",
            "name": {"lt": f"{number} principas", "en": f"Principle {number}"},
            "score": float(score.rounded) if score.rounded is not None else None,
            "met": score.met,
            "applicable": score.applicable,
        }
        for number, score in enumerate(scores, start=1)
    ]
    assert single["principles"] == listed["principles"] == expected
    assert [
        {name: one[name] for name in ("number", "code", "name", "score", "met", "applicable")} for one in results
    ] == expected
    assert [one["levels"] for one in results] == [
        [{**one, "level": float(one["level"])} for one in perspective_levels(levels for _, levels, _ in ratings)]
        for ratings in confirmed
    ]
    assert [[one["rating"] and one["rating"]["rating"] for one in result["criteria"]] for result in results] == [
        [one and one[0] for one in ratings] for ratings in by_principle
    ]
    reasons = {
        reason["code"]: reason["criteria"]
        for action in (await (await world.caller("auditor")).get(path)).json()["actions"]
        if action["name"] == "submit"
        for reason in action["reasons"]
    }
    numbered = [
        (f"{number}.{below}", rating)
        for number, ratings in enumerate(by_principle, start=1)
        for below, rating in enumerate(ratings, start=1)
    ]
    assert reasons.get("criteria_not_rated", []) == [criterion for criterion, rating in numbered if rating is None]
    assert reasons.get("evidence_missing", []) == [
        criterion for criterion, rating in numbered if rating and rating[0] is RatingValue.MET
    ]
    assert reasons.get("carried_ratings_unconfirmed", []) == [
        criterion for criterion, rating in numbered if rating and rating[2]
    ]
