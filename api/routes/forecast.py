"""/v1/forecast: what lies ahead."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries import forecast, views
from programme.queries.certificates import CERTIFICATES
from schemas import forecast as wire

router = Resource("/v1/forecast", "statistics")


@router.get("", response_model=wire.Forecast, summary="Read what lies ahead")
async def get_forecast(
    door: Annotated[Reading, reads("forecast.read")], asked: Annotated[wire.ForecastQuery, Query()]
) -> Response:
    """Month by month the certificates that expire, the annual reports that are due and the recertification audits that
    are needed so that no gap arises; and the certificates that outlive the project. Only what stands on the day counts:
    what is decided to end before, or has a successor that is in force by then, does not expire."""
    caller = door.caller
    conditions = views.narrowest(CERTIFICATES, asked.filters(*forecast.FILTERS))
    past, when = answers.looking_back(caller, asked.as_of, asked.known_at)
    statement = forecast.forecast(
        frozenset(conditions),
        caller.sight.sees,
        caller.actor.may("annual_reports.read"),
        caller.actor.may("assessments.read"),
        past,
    )
    given = {**conditions, "horizon": asked.horizon, **when, **caller.sight.values}
    row = await views.one(door.connection, statement, **given)
    assert row is not None
    return answers.plain(
        door, f'{{"as_of":"{when["today"]}","items":{row["items"]},"outlives_project":{row["outlives"]}}}'
    )
