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
from programme.queries import explanations, renewals
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

DATES = ("opens_on", "audit_by", "decide_by", "extension_until", "restoration_until")

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
        "predecessor_id", "cancellation_requested_on_gte", "cancellation_requested_on_lte",
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
    """Every decision about the certificate, oldest first, with what its holder asked for; nothing is ever overwritten."""
    name, key = by(certificate_id)
    return await answers.rows_of(door, CERTIFICATES, key, query.HISTORY, by=name)


@router.get("/{certificate_id}/revisions", response_model=wire.Revisions, summary="Read a certificate's revisions")
async def get_certificate_revisions(door: Reader, certificate_id: Key) -> Response:
    """What the certificate said from one decision to the next: its holder, scope, dates and numbers, oldest first."""
    name, key = by(certificate_id)
    return await answers.rows_of(door, CERTIFICATES, key, query.REVISIONS, by=name)


@router.get("/{certificate_id}/renewal-info", response_model=wire.RenewalInfo, summary="Read what renewal takes")
async def get_renewal_info(
    door: Annotated[Reading, reads("certificates.renewal_info")], certificate_id: Key
) -> Response:
    """When recertification can be begun, until when it has to be decided so that no day is without validity, which
    certificates stand before and after this one, and what is still missing, with reasons."""
    name, key = by(certificate_id)
    caller = door.caller
    body, renewal = await renewals.read(door.connection, name, key, caller.actor, caller.sight, caller.today)
    more = {part: getattr(renewal, part) for part in DATES}
    more["missing"] = [reason.say(caller.language) for reason in renewal.missing]
    return answers.plain(door, f"{body[:-1]},{answers.as_json(more)[1:]}")


@router.get("/{certificate_id}/votes", response_model=wire.Votes, summary="Read the votes on a certificate")
async def get_votes(door: Annotated[Reading, reads("certificates.votes")], certificate_id: Key) -> Response:
    """The committee's votes, each with the version of the draft that it is about."""
    name, key = by(certificate_id)
    return await answers.rows_of(door, CERTIFICATES, key, query.VOTES, by=name)


@router.post(
    "/{certificate_id}/votes",
    response_model=wire.CommitteeVote,
    summary="Vote on a draft",
    responses={201: {"model": wire.CommitteeVote, "description": "The caller's first vote on it."}},
)
async def cast_vote(
    door: Annotated[Writing, writes("certificates.vote", versioned=False)], certificate_id: Key, body: wire.VoteCast
) -> Response:
    """The caller's vote on the draft as it stands, where the version's policy has a committee decide
    (`decision_quorum`). Given again, it takes the place of the one before. Whoever audited does not vote. The grant needs
    the quorum, and more votes for it than against."""
    key = await _id(door, certificate_id)
    vote, first = await certificates.vote(door.work, key, **body.model_dump())
    return await answers.one_of(door, query.VOTE, vote.id, status=201 if first else 200)


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


@router.post(
    "/{certificate_id}/request-cancellation", response_model=wire.Certificate, summary="Ask for a cancellation"
)
async def request_cancellation(
    door: Annotated[Writing, writes("certificates.request_cancellation")],
    certificate_id: Key,
    body: wire.RequestCancellation,
) -> Response:
    """The holder asks; the certificate stays as it is. The request is shown (`cancellation_requested_on`) until it is
    decided by `cancel` or `decline-cancellation`, or taken back."""
    key = await _id(door, certificate_id)
    await certificates.request_cancellation(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post(
    "/{certificate_id}/withdraw-cancellation-request",
    response_model=wire.Certificate,
    summary="Take a request for cancellation back",
)
async def withdraw_cancellation_request(
    door: Annotated[Writing, writes("certificates.withdraw_cancellation_request")],
    certificate_id: Key,
    body: wire.WithdrawCancellationRequest,
) -> Response:
    """The holder takes back what is not decided yet. That it was asked for stays in the history."""
    key = await _id(door, certificate_id)
    await certificates.withdraw_cancellation_request(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post(
    "/{certificate_id}/decline-cancellation", response_model=wire.Certificate, summary="Decline a cancellation"
)
async def decline_cancellation(
    door: Annotated[Writing, writes("certificates.decline_cancellation")],
    certificate_id: Key,
    body: wire.DeclineCancellation,
) -> Response:
    """The holder's request is not met, with the reason; it may be made again."""
    key = await _id(door, certificate_id)
    await certificates.decline_cancellation(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/cancel", response_model=wire.Certificate, summary="Cancel a certificate")
async def cancel_certificate(
    door: Annotated[Writing, writes("certificates.cancel", once=True)], certificate_id: Key, body: wire.Cancel
) -> Response:
    """Ends it at its holder's request, for good, from `effective_on` on; a day ahead takes effect by itself."""
    key = await _id(door, certificate_id)
    await certificates.cancel(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/revise-scope", response_model=wire.Certificate, summary="Revise the scope")
async def revise_scope(
    door: Annotated[Writing, writes("certificates.revise_scope")], certificate_id: Key, body: wire.ReviseScope
) -> Response:
    """Restricts it to less, or supplements it with services or sites that it did not cover. A new revision; the dates
    stay. What is given up is free for another certificate from that day on."""
    key = await _id(door, certificate_id)
    await certificates.revise_scope(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/amend", response_model=wire.Certificate, summary="Amend a certificate")
async def amend_certificate(
    door: Annotated[Writing, writes("certificates.amend")], certificate_id: Key, body: wire.Amend
) -> Response:
    """New particulars, in a new revision; also of a certificate that has expired."""
    key = await _id(door, certificate_id)
    await certificates.amend(door.work, key, **body.changes())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/transfer", response_model=wire.Certificate, summary="Transfer a certificate")
async def transfer_certificate(
    door: Annotated[Writing, writes("certificates.transfer", once=True)], certificate_id: Key, body: wire.Transfer
) -> Response:
    """It passes to the legal successor of its holder, with its decisions, reports and cases, in one step: the former
    holder sees none of it from then on. Number and dates stay; so do its audit and its predecessor, with the former holder.
    An awarder sees a successor that names the holder in `succeeds_id`."""
    key = await _id(door, certificate_id)
    await certificates.transfer(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/extend", response_model=wire.Certificate, summary="Extend a certificate")
async def extend_certificate(
    door: Annotated[Writing, writes("certificates.extend")], certificate_id: Key, body: wire.Extend
) -> Response:
    """Sets a later last valid day, as far as the version's policy goes (`extension_months`). Notices, reports and the days
    that it holds follow."""
    key = await _id(door, certificate_id)
    await certificates.extend(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post("/{certificate_id}/restore", response_model=wire.Certificate, summary="Restore a certificate")
async def restore_certificate(
    door: Annotated[Writing, writes("certificates.restore", once=True)], certificate_id: Key, body: wire.Restore
) -> Response:
    """Puts an expired certificate in force again, within the policy's window (`restoration_months`) and after a new audit
    that passes. The gap stays; reports are owed anew."""
    key = await _id(door, certificate_id)
    await certificates.restore(door.work, key, **body.model_dump())
    return await answers.changed(door, CERTIFICATES, key)


@router.post(
    "/{certificate_id}/renew", response_model=wire.Certificate, status_code=201, summary="Begin a recertification"
)
async def renew_certificate(
    door: Annotated[Writing, writes("certificates.renew")], certificate_id: Key, body: wire.Renew
) -> Response:
    """Opens a draft that names this certificate as its predecessor, from the policy's `renewal_opens_days` before its last
    valid day on, also after it. This one stays as it is until the draft is granted, and is superseded by that."""
    made = await certificates.renew(door.work, await _id(door, certificate_id), **body.model_dump())
    return await answers.changed(door, CERTIFICATES, made.id, status=201)
