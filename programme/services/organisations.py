"""What can be done with an organisation and its sites."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_ORGANISATION
from programme.tables import Certificate, Municipality, Organisation, Site
from programme.work import Work

UNKNOWN_TEST_CLOCK = Sentence(
    lt="Tokio bandomojo laikrodžio nėra arba jis jau baigtas.",
    en="There is no such test clock, or it has ended already.",
)
UNKNOWN_MUNICIPALITY = Sentence(lt="Tokios savivaldybės nėra.", en="There is no such municipality.")


async def _known_municipality(work: Work, code: str | None) -> None:
    if code is not None and await work.session.get(Municipality, code) is None:
        raise Invalid(FieldError("/municipality", "unknown_municipality", UNKNOWN_MUNICIPALITY))


async def _known_predecessor(work: Work, organisation_id: UUID | None) -> None:
    if organisation_id is not None and await work.session.get(Organisation, organisation_id) is None:
        raise Invalid(FieldError("/succeeds_id", "unknown_organisation", UNKNOWN_ORGANISATION))


async def register(
    work: Work,
    *,
    legal_code: str,
    name: str,
    kind: str,
    municipality: str,
    address: str | None = None,
    website: str | None = None,
    former_names: list[str] | None = None,
    external_ids: list[dict[str, Any]] | None = None,
    succeeds_id: UUID | None = None,
    test_clock_id: UUID | None = None,
) -> Organisation:
    """A new organisation, entered by hand. `succeeds_id`: whose rights and duties it has taken over by law.
    `test_clock_id`: the clock in whose world it is to be, which the door has led
    into by then."""
    if test_clock_id not in (None, work.clock):
        raise Invalid(FieldError("/test_clock_id", "unknown_test_clock", UNKNOWN_TEST_CLOCK))
    await _known_municipality(work, municipality)
    await _known_predecessor(work, succeeds_id)
    organisation = Organisation(
        legal_code=legal_code,
        name=name,
        kind=kind,
        municipality=municipality,
        address=address,
        website=website,
        former_names=former_names or [],
        external_ids=external_ids or [],
        succeeds_id=succeeds_id,
        source="entry",
    )
    return await work.add(organisation, "organisation.registered")


async def amend(work: Work, organisation_id: UUID, **changes: Any) -> Organisation:
    """New particulars. A new name puts the one before it among the former names."""
    organisation = await work.take(Organisation, organisation_id)
    await _known_municipality(work, changes.get("municipality"))
    await _known_predecessor(work, changes.get("succeeds_id"))
    renamed = "name" in changes and changes["name"] != organisation.name
    if renamed and "former_names" not in changes:
        changes["former_names"] = [*organisation.former_names, organisation.name]
    if changes.get("municipality", organisation.municipality) != organisation.municipality:
        await _hold_certificates(work, organisation_id)
    organisation.assign(changes)
    await work.record("organisation.renamed" if renamed else "organisation.amended", organisation)
    return organisation


async def _hold_certificates(work: Work, organisation_id: UUID) -> None:
    """A certificate carries the municipality of its holder, and PostgreSQL writes it there. Whoever decides on one holds it
    and then asks for the holder: here they are held before the holder is, too."""
    held = select(Certificate.id).where(Certificate.organisation_id == organisation_id).order_by(Certificate.id)
    await work.session.execute(held.with_for_update(key_share=True))


async def open_site(
    work: Work, organisation_id: UUID, *, name: str, address: str, municipality: str, closed_on: date | None = None
) -> Site:
    """A place at which the organisation gives services from now on."""
    organisation = await work.take(Organisation, organisation_id)
    await _known_municipality(work, municipality)
    site = Site(
        organisation_id=organisation.id, name=name, address=address, municipality=municipality, closed_on=closed_on
    )
    return await work.add(site, "site.opened")


async def amend_site(work: Work, organisation_id: UUID, site_id: UUID, **changes: Any) -> Site:
    site = await work.take(Site, site_id, whose=organisation_id)
    await _known_municipality(work, changes.get("municipality"))
    site.assign(changes)
    await work.record("site.closed" if changes.get("closed_on") else "site.amended", site)
    return site
