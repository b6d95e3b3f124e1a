"""The committee's votes on a draft: one for each member, which may be changed until it is decided."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from programme.errors import NotFound
from programme.queries.certificates import CERTIFICATES
from programme.services.moves import judge
from programme.tables import Certificate, CertificateVote
from programme.work import Work


async def vote(
    work: Work, certificate_id: UUID, *, vote: str, comment: str | None = None
) -> tuple[CertificateVote, bool]:
    """The caller's vote on the draft as it stands, and whether it is their first one. Written anew, the draft has to be
    voted on anew. Members do not block each other: each has a row of their own, and the draft stays as it is."""
    certificate = await work.session.get(Certificate, certificate_id, with_for_update={"read": True, "key_share": True})
    voter = work.actor.client_id
    if certificate is None or voter is None or not certificate.known_to(work.sight):
        raise NotFound
    move = await judge(work, CERTIFICATES, certificate.id, "vote")
    row = await work.session.scalar(
        select(CertificateVote)
        .where(CertificateVote.certificate_id == certificate.id, CertificateVote.voter == voter)
        .with_for_update(key_share=True)
    )
    said = {"vote": vote, "comment": comment, "voted_at": work.now, "draft_version": certificate.version}
    if row is None:
        new = CertificateVote(
            organisation_id=certificate.organisation_id, certificate_id=certificate.id, voter=voter, **said
        )
        return await work.add(new, move.event), True
    work.watch(row)
    row.assign(said)
    await work.record(move.event, row)
    return row, False
