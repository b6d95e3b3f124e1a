"""/v1/indicators: what organisations measure themselves by, and what became of it over the years."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import indicators as query
from programme.queries.indicators import INDICATORS
from programme.queries.views import pattern
from programme.services import indicators
from schemas import indicators as wire
from schemas.base import Id, Nothing
from schemas.page import Page

router = Resource("/v1/indicators", "indicators")

Expand = Annotated[
    str | None, Query(max_length=200, description="`organisation`: whose indicator it is along with it.")
]
Reader = Annotated[Reading, reads("indicators.read")]
Plain = Annotated[Nothing, Body(default_factory=Nothing)]


@router.get("", response_model=Page[wire.Indicator], summary="List indicators")
async def list_indicators(door: Reader, asked: Annotated[wire.IndicatorQuery, Query()]) -> Response:
    """Indicators by organisation, state, and what of a standard they bear on; in Lithuanian order of their names. `q`
    finds names, units and organisations."""
    filters = asked.filters("organisation_id", "state", "standard_version", "principle", "criterion")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, INDICATORS, asked, filters)


@router.post("", response_model=wire.Indicator, status_code=201, summary="Define an indicator")
async def define_indicator(
    door: Annotated[Writing, writes("indicators.write", versioned=False)], body: wire.IndicatorNew
) -> Response:
    """Something that the organisation will measure itself by. Every later annual report may say what was measured."""
    made = await indicators.define(door.work, **body.model_dump())
    return await answers.changed(door, INDICATORS, made.id, status=201)


@router.get("/{indicator_id}", response_model=wire.Indicator, summary="Read an indicator")
async def get_indicator(door: Reader, indicator_id: Id, expand: Expand = None) -> Response:
    """One indicator, and what the caller may do with it (`actions`)."""
    return await answers.single(door, INDICATORS, indicator_id, expand=expand)


@router.patch("/{indicator_id}", response_model=wire.Indicator, summary="Change an indicator")
async def change_indicator(
    door: Annotated[Writing, writes("indicators.write")], indicator_id: Id, body: wire.IndicatorChange
) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch), while the indicator is active. A new target holds for
    later reports; unit and direction stay once a value was reported (409 `indicator_in_use`)."""
    await indicators.amend(door.work, indicator_id, **body.changes())
    return await answers.changed(door, INDICATORS, indicator_id)


@router.get("/{indicator_id}/series", response_model=wire.Series, summary="Read an indicator's series")
async def get_indicator_series(door: Reader, indicator_id: Id) -> Response:
    """What was reported over years and certificates, against the target of each year, and where it goes. A corrected
    value takes the place of the one before, which stays readable beside it."""
    row = await answers.read(door, INDICATORS, indicator_id)
    return answers.plain(door, answers.as_json(query.series(row, await query.reported(door.connection, indicator_id))))


@router.post("/{indicator_id}/retire", response_model=wire.Indicator, summary="Retire an indicator")
async def retire_indicator(
    door: Annotated[Writing, writes("indicators.retire")], indicator_id: Id, body: Plain
) -> Response:
    """Later reports say nothing of it any more. Its series stays."""
    await indicators.retire(door.work, indicator_id)
    return await answers.changed(door, INDICATORS, indicator_id)


@router.post("/{indicator_id}/resume", response_model=wire.Indicator, summary="Resume an indicator")
async def resume_indicator(
    door: Annotated[Writing, writes("indicators.resume")], indicator_id: Id, body: Plain
) -> Response:
    """Reports may say what was measured again."""
    await indicators.resume(door.work, indicator_id)
    return await answers.changed(door, INDICATORS, indicator_id)
