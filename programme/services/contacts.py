"""What can be done with the people to reach at an organisation. Their particulars stay in their row alone: an event
tells a salted hash of them, and erasing them takes the salt too."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any
from uuid import UUID

from programme.rules.contacts import PERSONAL, SALT_BYTES, Ground, require_erasable, require_kept, stand_in
from programme.services.moves import within
from programme.tables import Contact, Organisation
from programme.work import Work


async def add(work: Work, organisation_id: UUID, **particulars: Any) -> Contact:
    """A person to reach."""
    organisation = await work.take(Organisation, organisation_id)
    contact = Contact(organisation_id=organisation.id, **particulars)
    _stand_in(contact)
    return await work.add(contact, "contact.added")


async def amend(work: Work, organisation_id: UUID, contact_id: UUID, **changes: Any) -> Contact:
    contact = await _kept(work, organisation_id, contact_id)
    contact.assign(changes)
    _stand_in(contact)
    await work.record("contact.amended", contact)
    return contact


async def request_erasure(work: Work, organisation_id: UUID, contact_id: UUID) -> Contact:
    """The person wants to be forgotten, or is no longer needed; operators erase. Asking again asks anew."""
    contact = await _kept(work, organisation_id, contact_id)
    contact.erasure_requested_at = work.now
    await work.record("contact.erasure_requested", contact)
    return contact


async def hold(work: Work, organisation_id: UUID, contact_id: UUID, *, ground: Ground, until_on: date) -> Contact:
    """The particulars have to be kept until the day, inclusive, whoever asks; today ends the hold with the day."""
    contact = await _kept(work, organisation_id, contact_id)
    within("/until_on", until_on, earliest=[work.today])
    contact.hold_ground, contact.hold_until_on = ground, until_on
    await work.record("contact.held", contact)
    return contact


async def erase(work: Work, organisation_id: UUID, contact_id: UUID) -> Contact:
    """Empties the row. Its id, its purpose and its dates stay, and the history with them."""
    contact = await work.take(Contact, contact_id, whose=organisation_id)
    require_erasable(
        work.today,
        erased=contact.erased_at is not None,
        hold_ground=contact.hold_ground,
        hold_until_on=contact.hold_until_on,
    )
    contact.name, contact.position, contact.email, contact.telephone = "", None, None, None
    contact.salt, contact.personal = None, None
    contact.erased_at = work.now
    await work.record("contact.erased", contact)
    return contact


async def _kept(work: Work, organisation_id: UUID, contact_id: UUID) -> Contact:
    contact = await work.take(Contact, contact_id, whose=organisation_id)
    require_kept(erased=contact.erased_at is not None)
    return contact


def _stand_in(contact: Contact) -> None:
    contact.salt = contact.salt or secrets.token_bytes(SALT_BYTES)
    contact.personal = stand_in(contact.salt, {name: getattr(contact, name) for name in PERSONAL})
