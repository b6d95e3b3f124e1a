"""The main road as a partner walks it: with the client that openapi-python-client makes of openapi.json, and nothing else.
`walk.ts` walks the same; `test_generated_clients.py` compares what they found.
"""

from __future__ import annotations

import time
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

from kokybe_client import AuthenticatedClient, Client
from kokybe_client.api.callers import get_me
from kokybe_client.api.enrolments import change_enrolment, open_enrolment, submit_enrolment
from kokybe_client.api.events import list_events
from kokybe_client.api.organisations import list_organisations
from kokybe_client.api.register import get_register_entry, list_register
from kokybe_client.models.enrolment import Enrolment
from kokybe_client.models.enrolment_change import EnrolmentChange
from kokybe_client.models.enrolment_new import EnrolmentNew
from kokybe_client.models.event import Event
from kokybe_client.models.feed import Feed
from kokybe_client.models.me import Me
from kokybe_client.models.move import Move
from kokybe_client.models.organisation_page import OrganisationPage
from kokybe_client.models.problem import Problem
from kokybe_client.models.register_entry import RegisterEntry
from kokybe_client.models.register_entry_page import RegisterEntryPage
from kokybe_client.models.scope import Scope
from kokybe_client.types import UNSET, Response

Read = TypeVar("Read")


def good(answer: Response[Any], expected: type[Read]) -> Read:
    """What was answered; a problem ends the walk."""
    match answer.parsed:
        case Problem() as problem:
            raise AssertionError(f"{problem.code}: {problem.detail} ({problem.request_id})")
        case found if isinstance(found, expected):
            return found
    raise AssertionError(answer)


def refused(answer: Response[Any]) -> dict[str, object]:
    """What a program reads of a refusal."""
    problem = answer.parsed
    assert isinstance(problem, Problem), problem
    assert problem.status == answer.status_code
    assert problem.request_id == answer.headers["X-Request-Id"]
    return {
        "type": problem.type_,
        "code": problem.code,
        "status": problem.status,
        "errors": [[one.pointer, one.code] for one in problem.errors or []],
        "reasons": [one.code for one in problem.reasons or []],
    }


def every_organisation(kokybe: AuthenticatedClient) -> dict[str, int]:
    found: list[UUID] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        answer = list_organisations.sync_detailed(client=kokybe, limit=10, cursor=cursor or UNSET)
        page = good(answer, OrganisationPage)
        found += [one.id for one in page.items]
        pages, cursor = pages + 1, page.next_cursor
    return {"pages": pages, "listed": len(found), "different": len(set(found))}


def read_on(kokybe: AuthenticatedClient, after: str | None = None) -> tuple[list[Event], str]:
    items: list[Event] = []
    while True:
        feed = good(list_events.sync_detailed(client=kokybe, after=after or UNSET), Feed)
        items += feed.items
        after = feed.next_cursor
        if not feed.has_more:
            return items, after


def told(kokybe: AuthenticatedClient, cursor: str, resource_id: UUID, count: int) -> list[list[object]]:
    """What the feed tells of one resource behind a cursor, as soon as there is so much of it."""
    for _ in range(100):
        items, _ = read_on(kokybe, cursor)
        its = [one for one in items if (one.resource.type_, one.resource.id) == ("enrolment", resource_id)]
        if len(its) >= count:
            return [[one.type_, one.resource.version] for one in its]
        time.sleep(0.1)
    raise AssertionError(f"the feed does not tell of {resource_id}")


def walk(api: str, key: str) -> dict[str, object]:
    kokybe = AuthenticatedClient(base_url=api, token=key, headers={"Accept-Language": "en"})

    me = good(get_me.sync_detailed(client=kokybe), Me)
    _, cursor = read_on(kokybe)

    found = list_organisations.sync_detailed(
        client=kokybe, q="leliunu", municipality=["LT-54", "LT-57"], include="total"
    )
    page = good(found, OrganisationPage)
    organisation = page.items[0]

    body = EnrolmentNew(
        organisation_id=organisation.id,
        project="QUALITY-LT-2",
        strand="EQUASS_MAINTENANCE",
        scope=Scope(services=["LONG_TERM_CARE"], unit="Python"),
    )
    gardening = EnrolmentNew(
        organisation_id=organisation.id,
        project="QUALITY-LT-2",
        strand="EQUASS_MAINTENANCE",
        scope=Scope(services=["LONG_TERM_CARE", "GARDENING"]),
    )
    bad = open_enrolment.sync_detailed(client=kokybe, body=gardening)

    once = str(uuid4())
    opened = open_enrolment.sync_detailed(client=kokybe, body=body, idempotency_key=once)
    again = open_enrolment.sync_detailed(client=kokybe, body=body, idempotency_key=once)
    draft = good(opened, Enrolment)
    assert good(again, Enrolment).id == draft.id, "done twice"

    first = opened.headers["ETag"]
    early = submit_enrolment.sync_detailed(draft.id, client=kokybe, body=Move(), if_match=first)
    action = next(one for one in draft.actions or [] if one.name == "submit")

    declaration = EnrolmentChange(declared_on=date(2026, 11, 20))
    declared = change_enrolment.sync_detailed(draft.id, client=kokybe, body=declaration, if_match=first)
    stale = submit_enrolment.sync_detailed(draft.id, client=kokybe, body=Move(), if_match=first)
    submitted = submit_enrolment.sync_detailed(draft.id, client=kokybe, body=Move(), if_match=declared.headers["ETag"])

    anybody = Client(base_url=api)
    register = good(list_register.sync_detailed(client=anybody, q="leliunu"), RegisterEntryPage)
    entry = good(get_register_entry.sync_detailed(register.items[0].reference, client=anybody), RegisterEntry)
    stranger = AuthenticatedClient(base_url=api, token="kk_nobodys")

    return {
        "me": [me.role.value, "enrolments.submit" in me.permissions],
        "found": [organisation.name, page.total],
        "every": every_organisation(kokybe),
        "repeated": again.headers["Idempotent-Replayed"],
        "action": [action.allowed, [one.code for one in action.reasons]],
        "early": refused(early),
        "bad": refused(bad),
        "stale": refused(stale),
        "states": [one.state.value for one in (draft, good(declared, Enrolment), good(submitted, Enrolment))],
        "told": told(kokybe, cursor, draft.id, 3),
        "register": [entry.reference, entry.organisation.name == organisation.name],
        "unauthorised": refused(list_organisations.sync_detailed(client=stranger)),
        "enrolment": str(draft.id),
    }
