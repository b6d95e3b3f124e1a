"""What is entered of auditors: for what they are licensed, and whom they advised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.rules.lifecycle import Role
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_ORGANISATION
from programme.tables import Auditor, AuditorAdvice, AuditorLicence, Client, Organisation, Standard
from programme.work import Work

NOT_AN_AUDITOR = Sentence(
    lt="Nurodykite klientą, kurio vaidmuo – auditorius.", en="Name a client whose role is auditor."
)
UNKNOWN_STANDARD = Sentence(lt="Tokio standarto nėra.", en="There is no such standard.")
LICENCE_TWICE = Sentence(
    lt="To paties standarto licencija nuo šios dienos jau nurodyta.",
    en="A licence for the same standard from this day stands there already.",
)
ADVISED_TWICE = Sentence(lt="Ši organizacija jau nurodyta.", en="This organisation stands there already.")


async def enter(
    work: Work,
    *,
    client_id: UUID,
    licences: Sequence[Mapping[str, Any]] = (),
    advised: Sequence[Mapping[str, Any]] = (),
) -> Auditor:
    """The record of a client whose role is auditor. Without a licence for the day nobody audits."""
    client = await work.session.get(Client, client_id)
    if client is None or client.role != Role.AUDITOR:
        raise Invalid(FieldError("/client_id", "not_an_auditor", NOT_AN_AUDITOR))
    auditor = Auditor(client_id=client_id, licensed=[], advice=[])
    await _put(work, auditor, {"licences": licences, "advised": advised})
    return await work.add(auditor, "auditor.entered")


async def amend(work: Work, auditor_id: UUID, **changes: Any) -> Auditor:
    """New licences or advice, each given whole."""
    auditor = await work.take(Auditor, auditor_id)
    await _put(work, auditor, changes)
    await work.record("auditor.amended", auditor)
    return auditor


async def note_advice(work: Work, client_id: UUID, organisation_id: UUID, until_on: date) -> None:
    """Advice that somebody else wrote down: kept where the client is entered as an auditor and no later one is known."""
    known = select(Auditor.id).where(Auditor.client_id == client_id)
    if (auditor_id := await work.session.scalar(known)) is None:
        return
    auditor = await work.take(Auditor, auditor_id)
    advice = next((one for one in auditor.advice if one.organisation_id == organisation_id), None)
    if advice is None:
        auditor.advice.append(AuditorAdvice(organisation_id=organisation_id, until_on=until_on))
    elif advice.until_on < until_on:
        advice.until_on = until_on
    else:
        return
    await work.record("auditor.amended", auditor)


async def _put(work: Work, auditor: Auditor, particulars: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    licences, advised = particulars.get("licences"), particulars.get("advised")
    errors = [*await _wrong_licences(work, licences or ()), *await _wrong_advice(work, advised or ())]
    if errors:
        raise Invalid(*errors)
    if licences is not None:
        present = {(one.standard, one.valid_from): one for one in auditor.licensed}
        auditor.licensed = [
            present.get((one["standard"], one["valid_from"])) or AuditorLicence(**one) for one in licences
        ]
        for kept, one in zip(auditor.licensed, licences, strict=True):
            kept.valid_until = one["valid_until"]
    if advised is not None:
        known = {one.organisation_id: one for one in auditor.advice}
        auditor.advice = [known.get(one["organisation_id"]) or AuditorAdvice(**one) for one in advised]
        for advice, one in zip(auditor.advice, advised, strict=True):
            advice.until_on = one["until_on"]


async def _wrong_licences(work: Work, licences: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    known = set(await work.session.scalars(select(Standard.code)))
    places = [(one["standard"], one["valid_from"]) for one in licences]
    return [
        FieldError(f"/licences/{place}/standard", "unknown_standard", UNKNOWN_STANDARD)
        for place, one in enumerate(licences)
        if one["standard"] not in known
    ] + [
        FieldError(f"/licences/{place}/valid_from", "licence_given_twice", LICENCE_TWICE)
        for place, one in enumerate(places)
        if one in places[:place]
    ]


async def _wrong_advice(work: Work, advised: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    places = [one["organisation_id"] for one in advised]
    known = set(await work.session.scalars(select(Organisation.id).where(Organisation.id.in_(places))))
    return [
        FieldError(f"/advised/{place}/organisation_id", "unknown_organisation", UNKNOWN_ORGANISATION)
        for place, one in enumerate(places)
        if one not in known
    ] + [
        FieldError(f"/advised/{place}/organisation_id", "advised_given_twice", ADVISED_TWICE)
        for place, one in enumerate(places)
        if one in places[:place]
    ]
