"""A certificate passes to the legal successor of its holder, with everything that hangs on it, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, select

from programme.errors import FieldError, Invalid
from programme.queries.certificates import CERTIFICATES
from programme.sentences import Sentence
from programme.services.certificates.decisions import decide, last_in_effect, put_on_record
from programme.services.certificates.periods import begin_anew, claim, give_up, places, refuse_overlap
from programme.services.moves import checked_scope, judge, known_organisation, within
from programme.tables import Certificate, Dated, Recorded, Table
from programme.work import Work

SAME_HOLDER = Sentence(
    lt="Sertifikatas jau yra šios organizacijos.", en="The certificate is this organisation's already."
)
SITES_NEEDED = Sentence(
    lt="Sertifikatas galioja tam tikrose vietose: nurodykite, kurios tai yra naujojo turėtojo vietos.",
    en="The certificate covers certain sites: say which sites of the new holder these are.",
)
NO_SITES = Sentence(
    lt="Sertifikatas apima visas vietas, todėl jų nurodyti nereikia.",
    en="The certificate covers all sites, so none are to be named.",
)


async def transfer(
    work: Work,
    certificate_id: UUID,
    *,
    organisation_id: UUID,
    document_ref: str,
    decision_ref: str,
    sites: Sequence[UUID] = (),
    reason: str | None = None,
    effective_on: date | None = None,
) -> Certificate:
    """The holder changes; number, scope and dates stay. From the end of the transaction on it is the new holder's to see,
    with its decisions, reports and cases, and no more the former's. Predecessor and audit stay where they are.

    `document_ref`: what the legal succession stands in. `sites`: the sites of the scope as the new holder has them. What
    the former holder asked for lapses.
    """
    certificate = await work.take(Certificate, certificate_id)
    move = await judge(work, CERTIFICATES, certificate.id, "transfer")
    former, holder = certificate.organisation_id, await known_organisation(work, organisation_id)
    if holder.id == former:
        raise Invalid(FieldError("/organisation_id", "same_holder", SAME_HOLDER))
    day = effective_on or work.today
    within(
        "/effective_on", day, earliest=[certificate.valid_from, await last_in_effect(work, certificate)],
        latest=[work.today],
    )  # fmt: skip
    before, scope = certificate.scope, await _scope_there(work, certificate, holder.id, sites)
    children = [work.watch(row) async for row in _everything_below(work, certificate)]
    await _leave_the_past(work, children, day)

    await begin_anew(work, certificate, on=day)
    certificate.organisation_id = holder.id
    certificate.cancellation_requested_on = certificate.cancellation_wanted_on = None
    certificate.scope = scope
    certificate.revision += 1
    await work.session.flush()
    decision = await decide(
        work, certificate, "transfer", effective_on=day, reason=reason, decision_ref=decision_ref,
        details={
            "document_ref": document_ref, "organisation_id": str(holder.id), "previous_organisation_id": str(former),
        },
    )  # fmt: skip
    put_on_record(work, certificate, decision)
    await refuse_overlap(work, certificate, first=day)
    await give_up(work, certificate, places(before) - places(scope), on=day)
    await claim(work, certificate, places(scope) - places(before), first=day)
    await work.record(move.event, certificate, effective_on=day)
    for row in children:
        await work.session.refresh(row, ["organisation_id"])
        on = row.holds_from if isinstance(row, Dated) else day
        await work.record(f"{row.resource}.transferred", row, effective_on=on)
    return certificate


async def _leave_the_past(work: Work, rows: Sequence[Recorded], day: date) -> None:
    """What is dated is the former holder's as it stood before the day, or before its last change where that is later. This
    is said before the rows change hands: otherwise a version would be kept that is the new holder's and holds from
    earlier on."""
    for row in rows:
        if isinstance(row, Dated):
            row.holds_from = max(row.holds_from, day)
    await work.session.flush()


async def _scope_there(work: Work, certificate: Certificate, holder: UUID, sites: Sequence[UUID]) -> dict[str, Any]:
    if bool(sites) != bool(certificate.scope["sites"]):
        code, sentence = ("extra_forbidden", NO_SITES) if sites else ("missing", SITES_NEEDED)
        raise Invalid(FieldError("/sites", code, sentence))
    return await checked_scope(work, holder, {**certificate.scope, "sites": list(sites)}, at="")


async def _everything_below(work: Work, certificate: Certificate) -> AsyncIterator[Recorded]:
    """The recorded rows that the foreign keys take along with the certificate, whatever their state, locked: each tells
    of it. What hangs on them without events of its own follows silently."""
    moved: dict[str, Any] = {"certificate": select(Certificate.id).where(Certificate.id == certificate.id)}
    for kind, column, parent in _children():
        there = column.in_(moved[parent])
        own = kind.__table__.c.id  # type: ignore[attr-defined]
        moved.setdefault(kind.__table__.name, select(own).where(there))  # type: ignore[attr-defined]
        for row in await work.session.scalars(select(kind).where(there).order_by(own).with_for_update(key_share=True)):
            yield row


def _children() -> Iterator[tuple[type[Recorded], Any, str]]:
    """Each kind of recorded row below a certificate once, with the column that names its parent, parents first."""
    kinds = {kind.__table__.name: kind for kind in Recorded.__subclasses__()}  # type: ignore[attr-defined]
    below = {"certificate"}
    for table in Table.metadata.sorted_tables:
        for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
            parent = key.referred_table.name
            if table.name in kinds and table.name not in below and parent in below and _takes_along(key):
                below.add(table.name)
                yield kinds[table.name], list(key.columns)[-1], parent


def _takes_along(key: ForeignKeyConstraint) -> bool:
    return key.onupdate == "CASCADE" and key.column_keys[0] == "organisation_id"
