"""Who may call: making clients, changing and disabling them. Nobody gives what they do not have themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from programme.errors import FieldError, Forbidden, Invalid, NotAllowed, Reason
from programme.rules.lifecycle import Role
from programme.rules.permissions import permissions_of
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_ORGANISATION, known_organisation
from programme.services.organisations import UNKNOWN_MUNICIPALITY
from programme.tables import Client, ClientGrant, Municipality, Organisation, Project, Strand
from programme.work import Work

ORGANISATION_MISSING = Sentence(
    lt="Paslaugų teikėjo klientui reikia nurodyti organizaciją.", en="A provider's client needs its organisation."
)
UNKNOWN_ROLE = Sentence(lt="Tokio vaidmens nėra.", en="There is no such role.")
UNKNOWN_SCOPE = Sentence(
    lt="Šis vaidmuo tokios teisės neturi ir jos suteikti negalima.",
    en="The role has no such permission, so it cannot be given.",
)
UNKNOWN_STRAND = Sentence(
    lt="Tokio projekto arba tokios jo veiklos nėra.", en="There is no such project, or it has no such strand."
)
ONLY_PARTNERS = Sentence(
    lt="Leidimai skiriami tik partneriams; kitų vaidmenų klientai mato tai, ką leidžia vaidmuo.",
    en="Grants are for partners only; clients of other roles see what their role lets them.",
)
OWN_ROLE = Sentence(
    lt="Savo vaidmens ({role}) klientų kurti ir keisti negalima: tai daroma komanda kokybe clients.",
    en="Nobody makes or changes clients of their own role ({role}): that is done with the command kokybe clients.",
)
NOT_A_PROVIDER = Sentence(
    lt="Organizacija kuria ir keičia tik savo, paslaugų teikėjos, klientus.",
    en="An organisation makes and changes its own clients, those of the role provider, only.",
)
ONESELF = Sentence(
    lt="Savo paties kliento teisių, galiojimo ir tapatybės keisti negalima.",
    en="Nobody changes the rights, the end or the identity of the client in whose name they call.",
)
WIDER = Sentence(
    lt="Klientui negalima suteikti daugiau teisių ar ilgesnio galiojimo, negu turite patys.",
    en="A client cannot be given more rights, or a longer life, than you have yourself.",
)
DISABLED = Reason("client_disabled", Sentence(lt="Klientas jau išjungtas.", en="The client is disabled already."))
NOT_IN_THIS_STATE = Sentence(
    lt="Išjungto kliento keisti nebegalima.", en="A client that is disabled cannot be changed any more."
)


async def register(
    work: Work,
    *,
    name: str,
    role: str,
    organisation_id: UUID | None = None,
    scopes: Sequence[str] = (),
    expires_on: date | None = None,
    oidc: Mapping[str, str] | None = None,
    grants: Sequence[Mapping[str, Any]] = (),
) -> Client:
    """A client without a key. Role and organisation stay what they are; `expires_on`: the last day that it may call."""
    if role not in set(Role) - {Role.WORKER, Role.PUBLIC}:
        raise Invalid(FieldError("/role", "unknown_role", UNKNOWN_ROLE))
    _may_manage(work, role)
    if role == Role.PROVIDER and organisation_id is None:
        raise Invalid(FieldError("/organisation_id", "missing", ORGANISATION_MISSING))
    if organisation_id is not None:
        await known_organisation(work, organisation_id)
    client = Client(name=name, role=role, organisation_id=organisation_id, scopes=[], granted=[], issued=[])
    await _put(work, client, {"scopes": list(scopes), "expires_on": expires_on, "oidc": oidc, "grants": grants})
    return await work.add(client, "client.created")


async def amend(work: Work, client_id: UUID, **changes: Any) -> Client:
    """New particulars. `grants` and `scopes` are given whole; `oidc` null: nobody's tokens are the client's."""
    client = await take(work, client_id)
    if client.disabled_at is not None:
        raise NotAllowed(NOT_IN_THIS_STATE, reasons=[DISABLED])
    if client.id == work.actor.client_id and changes.keys() - {"name"}:
        raise Forbidden(ONESELF)
    await _put(work, client, changes)
    await work.record("client.amended", client)
    return client


async def disable(work: Work, client_id: UUID) -> Client:
    """From the next request on, nothing that the client shows is good. There is no way back."""
    client = await take(work, client_id)
    if client.disabled_at is not None:
        raise NotAllowed(NOT_IN_THIS_STATE, reasons=[DISABLED])
    client.disabled_at = (await work.session.scalars(select(func.clock_timestamp()))).one()
    await work.record("client.disabled", client)
    return client


async def take(work: Work, client_id: UUID) -> Client:
    """The client, locked, where whoever acts may manage it."""
    client = await work.take(Client, client_id)
    _may_manage(work, client.role)
    return client


def _may_manage(work: Work, role: str) -> None:
    match work.actor.role:
        case Role.OPS if role == Role.OPS:
            raise Forbidden(OWN_ROLE, facts={"role": role})
        case Role.PROVIDER if role != Role.PROVIDER:
            raise Forbidden(NOT_A_PROVIDER)


async def _put(work: Work, client: Client, particulars: Mapping[str, Any]) -> None:
    allowed = permissions_of(Role(client.role))
    if particulars.get("scopes"):
        errors = [
            FieldError(f"/scopes/{place}", "unknown_scope", UNKNOWN_SCOPE)
            for place, scope in enumerate(particulars["scopes"])
            if scope not in allowed
        ]
        if errors:
            raise Invalid(*errors)
    for name in particulars.keys() & {"name", "expires_on"}:
        setattr(client, name, particulars[name])
    if "scopes" in particulars:
        client.scopes = sorted(set(particulars["scopes"]))
    if "oidc" in particulars:
        oidc = particulars["oidc"] or {}
        client.oidc_issuer, client.oidc_subject = oidc.get("issuer"), oidc.get("subject")
    if "grants" in particulars:
        await _grant(work, client, particulars["grants"])
    await within_ones_own(work, client)


async def within_ones_own(work: Work, client: Client) -> None:
    """Whoever is of the same role as the client cannot make it more than they are themselves."""
    if work.actor.role != client.role or work.actor.client_id in (None, client.id):
        return
    maker = await work.session.get(Client, work.actor.client_id)
    if maker is None:
        raise LookupError(work.actor.id)
    role = Role(client.role)
    outlives = maker.expires_on is not None and (client.expires_on is None or client.expires_on > maker.expires_on)
    if outlives or not permissions_of(role, client.scopes) <= permissions_of(role, maker.scopes):
        raise Forbidden(WIDER)


async def _grant(work: Work, client: Client, grants: Sequence[Mapping[str, Any]]) -> None:
    if grants and client.role != Role.PARTNER:
        raise Invalid(FieldError("/grants", "grants_are_for_partners", ONLY_PARTNERS))
    wanted, errors = [], []
    for place, given in enumerate(grants):
        one, error = await _granted(work, given, f"/grants/{place}")
        errors += [error] if error else []
        wanted.append(one)
    if errors:
        raise Invalid(*errors)
    present = {_place(one): one for one in client.granted}
    client.granted = [present.get(_place(one), one) for one in wanted]


async def _granted(work: Work, given: Mapping[str, Any], pointer: str) -> tuple[ClientGrant, FieldError | None]:
    """What the body names as the row that it becomes, and what is wrong with it."""
    if (organisation := given.get("organisation_id")) is not None:
        known = await work.session.get(Organisation, organisation)
        error = FieldError(f"{pointer}/organisation_id", "unknown_organisation", UNKNOWN_ORGANISATION)
        return ClientGrant(organisation_id=organisation), None if known else error
    if (municipality := given.get("municipality")) is not None:
        error = FieldError(f"{pointer}/municipality", "unknown_municipality", UNKNOWN_MUNICIPALITY)
        return ClientGrant(municipality=municipality), (
            None if await work.session.get(Municipality, municipality) else error
        )
    strand = await work.session.scalar(
        select(Strand.id)
        .join(Project, Project.id == Strand.project_id)
        .where(Project.code == given["project"], Strand.code == given["strand"])
    )
    error = FieldError(f"{pointer}/strand", "unknown_strand", UNKNOWN_STRAND)
    return ClientGrant(strand_id=strand), None if strand else error


def _place(grant: ClientGrant) -> tuple[Any, ...]:
    return grant.organisation_id, grant.municipality, grant.strand_id
