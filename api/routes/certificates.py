"""/v1/certificates: what is certified, until when, and the decisions about it."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import certificates as query
from programme.queries import explanations
from programme.queries.certificates import CERTIFICATES
from programme.queries.views import pattern
from programme.services import certificates
from schemas import certificates as wire
from schemas.base import Day, PastMoment
from schemas.page import KNOWN_AT, Page

router = Resource("/v1/certificates", "certificates")

Key = Annotated[
    str,
    Path(
        max_length=60,
        description="The certificate's id, or its reference (`LIT2021-044`).",
        examples=["LIT2021-044"],
    ),
]
Expand = Annotated[str | None, Query(max_length=200, description="`organisation`: the holder along with it.")]
AsOf = Annotated[Day | None, Query(description="Its status as it was, or will be, on this day; without actions.")]
KnownAt = Annotated[PastMoment | None, Query(description=KNOWN_AT)]
Reader = Annotated[Reading, reads("certificates.read")]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def by(key: str) -> tuple[str, str | UUID]:
    """What a certificate is found by: its id, or else its reference."""
    return ("id", UUID(key)) if _ID.fullmatch(key) else ("reference", key)


async def _id(door: Writing, key: str) -> UUID:
    """The id behind what the address names, reference or id."""
    _, value = by(key)
    return value if isinstance(value, UUID) else await query.id_of(door.connection, value)


@router.get("/{certificate_id}", response_model=wire.Certificate, summary="Read a certificate")
async def get_certificate(
    door: Reader, certificate_id: Key, expand: Expand = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """One certificate with its status today, and what the caller may do with it (`actions`)."""
    name, key = by(certificate_id)
    return await answers.single(door, CERTIFICATES, key, by=name, expand=expand, as_of=as_of, known_at=known_at)


@router.get("", response_model=Page[wire.Certificate], summary="List certificates")
async def list_certificates(door: Reader, asked: Annotated[wire.CertificateQuery, Query()]) -> Response:
    """Certificates by status, holder, place, service and dates. Statuses are derived on the day of the question, or on
    `as_of`."""
    filters = asked.filters(
        "status", "register_status", "organisation_id", "standard", "standard_version", "level", "source", "reference",
        "municipality", "county", "service", "certified_on_gte", "certified_on_lte", "expires_on_gte", "expires_on_lte",
    )  # fmt: skip
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, CERTIFICATES, asked, filters, as_of=asked.as_of, known_at=asked.known_at)


@router.post("", response_model=wire.Certificate, status_code=201, summary="Open a draft")
async def open_certificate(
    door: Annotated[Writing, writes("certificates.write", versioned=False)], body: wire.CertificateNew
) -> Response:
    """A certificate to decide on: nothing is certified until it is granted."""
    made = await certificates.open_draft(door.work, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, made.id, status=201)


@router.patch("/{certificate_id}", response_model=wire.Certificate, summary="Change a draft")
async def change_certificate(
    door: Annotated[Writing, writes("certificates.write")], certificate_id: Key, body: wire.CertificateChange
) -> Response:
    """Writes a draft anew (JSON merge patch). A certificate that was decided on changes by its moves only."""
    key = await _id(door, certificate_id)
    await certificates.revise_draft(door.work, key, **body.changes())
    return await answers.changed(door, CERTIFICATES, key)


@router.get(
    "/{certificate_id}/explain", response_model=wire.CertificateExplained, summary="Explain a certificate's status"
)
async def explain_certificate(
    door: Reader, certificate_id: Key, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """The rule trace behind the status: the certification date, the policy and the months counted by it, every decision,
    and the lines of the status up to the one that decides. The same rules give the status everywhere."""
    name, key = by(certificate_id)
    explain = explanations.certificate
    return await answers.explained(door, CERTIFICATES, key, explain, by=name, as_of=as_of, known_at=known_at)


@router.get("/{certificate_id}/history", response_model=wire.History, summary="Read a certificate's decisions")
async def get_certificate_history(door: Reader, certificate_id: Key) -> Response:
    """Every decision about the certificate, oldest first; nothing is ever overwritten."""
    name, key = by(certificate_id)
    return await answers.rows_of(door, CERTIFICATES, key, query.HISTORY, by=name)


@router.post("/{certificate_id}/grant", response_model=wire.Certificate, summary="Grant a certificate")
async def grant_certificate(
    door: Annotated[Writing, writes("certificates.grant", once=True)], certificate_id: Key, body: wire.Grant
) -> Response:
    """The awarder's decision. Needs a finalised external audit of the same scope and version that passes, decided by
    somebody who did not audit. Computes the last valid day and creates the obligations to report."""
    key = await _id(door, certificate_id)
    await certificates.grant(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/refuse", response_model=wire.Certificate, summary="Refuse a certificate")
async def refuse_certificate(
    door: Annotated[Writing, writes("certificates.refuse")], certificate_id: Key, body: wire.Refuse
) -> Response:
    """The decision that the scope does not meet the version; it stays on record."""
    key = await _id(door, certificate_id)
    await certificates.refuse(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/suspend", response_model=wire.Certificate, summary="Suspend a certificate")
async def suspend_certificate(
    door: Annotated[Writing, writes("certificates.suspend")], certificate_id: Key, body: wire.Suspend
) -> Response:
    """Takes it out of force for a while. The last valid day and the obligations to report stay as they are."""
    key = await _id(door, certificate_id)
    await certificates.suspend(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/reinstate", response_model=wire.Certificate, summary="Reinstate a certificate")
async def reinstate_certificate(
    door: Annotated[Writing, writes("certificates.reinstate")], certificate_id: Key, body: wire.Reinstate
) -> Response:
    """The cause of the suspension is resolved; its dates are unchanged."""
    key = await _id(door, certificate_id)
    await certificates.reinstate(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/withdraw", response_model=wire.Certificate, summary="Withdraw a certificate")
async def withdraw_certificate(
    door: Annotated[Writing, writes("certificates.withdraw", once=True)], certificate_id: Key, body: wire.Withdraw
) -> Response:
    """Ends it for good from `effective_on` on; a day ahead takes effect by itself."""
    key = await _id(door, certificate_id)
    await certificates.withdraw(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)
