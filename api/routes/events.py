"""/v1/events: everything that happened, in an order that loses nothing; page by page, or as a stream that stays open."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers, feed
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries.events import EVENTS
from programme.rules.events import readable
from schemas import events as wire
from schemas.base import Id

router = Resource("/v1/events", "events")

Reader = Annotated[Reading, reads("events.read")]


@router.get("", response_model=wire.Feed, summary="Read the feed of events")
async def list_events(door: Reader, asked: Annotated[wire.FeedQuery, Query()]) -> Response:
    """What happened behind `after`, oldest first, as far as the caller may read it. An event is given out once nothing can
    come to stand before it any more, so that whoever keeps `next_cursor` misses nothing, however long they stay away.

    With `Accept: text/event-stream` the answer stays open and goes on with what happens next: server-sent events whose
    `id` is the cursor, which browsers send back by themselves as `Last-Event-ID`. It ends after some minutes, and with
    the key; connect again then.

    To begin with everything as it is now, take a snapshot of each list (`Accept: application/x-ndjson`) and read on from
    the smallest `Feed-Cursor`: what the snapshot holds already comes again with the same `resource.version`."""
    place = feed.place(door, asked.after)
    if feed.wants_stream(door.request):
        return feed.Stream(door, asked.filters(), place)
    return await feed.page(door, asked.filters(), place, asked.limit)


@router.get("/{event_id}", response_model=wire.Event, summary="Read one event")
async def get_event(door: Reader, event_id: Id) -> Response:
    """One event, as the feed told it."""
    return await answers.single(door, EVENTS, event_id, more={"readable": readable(door.caller.actor.may)})
