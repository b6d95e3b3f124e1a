"""/v1/organisations: providers and agencies, with their sites and contacts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries.organisations import CONTACTS, ORGANISATIONS, SITES
from programme.queries.timeline import TIMELINE
from programme.queries.views import pattern
from programme.services import contacts, organisations
from schemas import organisations as wire
from schemas import timeline
from schemas.base import Id, Nothing
from schemas.page import Page

router = Resource("/v1/organisations", "organisations")

Reader = Annotated[Reading, reads("organisations.read")]
Writer = Annotated[Writing, writes("organisations.write")]
NewWriter = Annotated[Writing, writes("organisations.write", versioned=False)]


@router.get("", response_model=Page[wire.Organisation], summary="List organisations")
async def list_organisations(door: Reader, asked: Annotated[wire.OrganisationQuery, Query()]) -> Response:
    """Organisations in Lithuanian order of their names. `q` finds names, former names and legal codes, whatever
    their case and diacritics: `leliunu` finds *Leliūnų*."""
    filters = asked.filters("municipality", "kind", "legal_code")
    if asked.q:
        filters["q"] = pattern(asked.q)
    if asked.external_id:
        system, _, value = asked.external_id.partition(":")
        filters["external_id"] = answers.as_json([{"system": system, "value": value}])
    return await answers.page(door, ORGANISATIONS, asked, filters)


@router.post("", response_model=wire.Organisation, status_code=201, summary="Register an organisation")
async def register_organisation(door: NewWriter, body: wire.OrganisationNew) -> Response:
    """Enters a new organisation. The legal code is checked and can be in use only once."""
    made = await organisations.register(door.work, **body.model_dump())
    return await answers.changed(door, ORGANISATIONS, made.id, status=201)


@router.get("/{organisation_id}", response_model=wire.Organisation, summary="Read an organisation")
async def get_organisation(door: Reader, organisation_id: Id) -> Response:
    """One organisation with its former names and its numbers in other systems."""
    return await answers.single(door, ORGANISATIONS, organisation_id)


@router.patch("/{organisation_id}", response_model=wire.Organisation, summary="Change an organisation")
async def change_organisation(door: Writer, organisation_id: Id, body: wire.OrganisationChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch). A new name moves the present one to the former
    names and is told as `organisation.renamed`."""
    await organisations.amend(door.work, organisation_id, **body.changes())
    return await answers.changed(door, ORGANISATIONS, organisation_id)


@router.get("/{organisation_id}/sites", response_model=Page[wire.Site], summary="List an organisation's sites")
async def list_sites(door: Reader, organisation_id: Id, asked: Annotated[wire.PlainQuery, Query()]) -> Response:
    """The places at which the organisation gives services."""
    return await answers.page(door, SITES, asked, await _of(door, organisation_id), path=_sites(organisation_id))


@router.post("/{organisation_id}/sites", response_model=wire.Site, status_code=201, summary="Open a site")
async def open_site(
    door: Annotated[Writing, writes("sites.write", versioned=False)], organisation_id: Id, body: wire.SiteNew
) -> Response:
    """Adds a place at which the organisation gives services."""
    site = await organisations.open_site(door.work, organisation_id, **body.model_dump())
    return await answers.changed(door, SITES, site.id, status=201, path=_sites(organisation_id))


@router.patch("/{organisation_id}/sites/{site_id}", response_model=wire.Site, summary="Change a site")
async def change_site(
    door: Annotated[Writing, writes("sites.write")], organisation_id: Id, site_id: Id, body: wire.SiteChange
) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch)."""
    await organisations.amend_site(door.work, organisation_id, site_id, **body.changes())
    return await answers.changed(door, SITES, site_id, path=_sites(organisation_id))


@router.get("/{organisation_id}/contacts", response_model=Page[wire.Contact], summary="List an organisation's contacts")
async def list_contacts(
    door: Annotated[Reading, reads("contacts.read")], organisation_id: Id, asked: Annotated[wire.PlainQuery, Query()]
) -> Response:
    """The people to reach. Personal data, kept for a purpose and until a day."""
    return await answers.page(door, CONTACTS, asked, await _of(door, organisation_id), path=_contacts(organisation_id))


@router.post("/{organisation_id}/contacts", response_model=wire.Contact, status_code=201, summary="Add a contact")
async def add_contact(
    door: Annotated[Writing, writes("contacts.write", versioned=False)], organisation_id: Id, body: wire.ContactNew
) -> Response:
    """Adds a person to reach. Their name, e-mail and telephone stay out of events, feeds and logs."""
    contact = await contacts.add(door.work, organisation_id, **body.model_dump())
    return await answers.changed(door, CONTACTS, contact.id, status=201, path=_contacts(organisation_id))


@router.patch("/{organisation_id}/contacts/{contact_id}", response_model=wire.Contact, summary="Change a contact")
async def change_contact(
    door: Annotated[Writing, writes("contacts.write")], organisation_id: Id, contact_id: Id, body: wire.ContactChange
) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch)."""
    await contacts.amend(door.work, organisation_id, contact_id, **body.changes())
    return await answers.changed(door, CONTACTS, contact_id, path=_contacts(organisation_id))


@router.post(
    "/{organisation_id}/contacts/{contact_id}/request-erasure",
    response_model=wire.Contact,
    summary="Ask for a contact to be erased",
)
async def request_erasure_of_contact(
    door: Annotated[Writing, writes("contacts.request_erasure")],
    organisation_id: Id,
    contact_id: Id,
    body: Annotated[Nothing, Body(default_factory=Nothing)],
) -> Response:
    """The person asks to be forgotten, or is no longer needed; why is nobody's business here. Operators erase what no hold keeps."""
    await contacts.request_erasure(door.work, organisation_id, contact_id)
    return await answers.changed(door, CONTACTS, contact_id, path=_contacts(organisation_id))


@router.post(
    "/{organisation_id}/contacts/{contact_id}/hold", response_model=wire.Contact, summary="Keep a contact for a reason"
)
async def hold_contact(
    door: Annotated[Writing, writes("contacts.hold")], organisation_id: Id, contact_id: Id, body: wire.ContactHold
) -> Response:
    """Records why the person's data have to be kept although somebody asks for their erasure or their time is over
    (GDPR 17(3)). Until the day, inclusive, neither operators nor the daily pass erase them."""
    await contacts.hold(door.work, organisation_id, contact_id, **body.model_dump())
    return await answers.changed(door, CONTACTS, contact_id, path=_contacts(organisation_id))


@router.post(
    "/{organisation_id}/contacts/{contact_id}/erase", response_model=wire.Contact, summary="Erase a contact's data"
)
async def erase_contact(
    door: Annotated[Writing, writes("contacts.erase")],
    organisation_id: Id,
    contact_id: Id,
    body: Annotated[Nothing, Body(default_factory=Nothing)],
) -> Response:
    """Empties name, position, e-mail and telephone for good. The id, the purpose and the dates stay, and so does the
    history: events never told the particulars, and the salted hash that stands for them there no longer leads to them."""
    await contacts.erase(door.work, organisation_id, contact_id)
    return await answers.changed(door, CONTACTS, contact_id, path=_contacts(organisation_id))


@router.get(
    "/{organisation_id}/timeline",
    response_model=timeline.Timeline,
    summary="Read what is known of an organisation's past",
)
async def get_timeline(door: Reader, organisation_id: Id) -> Response:
    """Agreements, certificates with the decisions about them, and facts that no record carries (a ceremony, a year of
    certification), oldest first; what has no date stands at the beginning."""
    return await answers.rows_of(door, ORGANISATIONS, organisation_id, TIMELINE)


async def _of(door: Reading, organisation_id: UUID) -> dict[str, Any]:
    await answers.parent(door, ORGANISATIONS, organisation_id)
    return {"organisation_id": organisation_id}


def _sites(organisation_id: UUID) -> str:
    return f"/v1/organisations/{organisation_id}/sites"


def _contacts(organisation_id: UUID) -> str:
    return f"/v1/organisations/{organisation_id}/contacts"
