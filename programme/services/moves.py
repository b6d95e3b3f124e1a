"""What every move shares: the row is taken, judged by its lifecycle on today's facts, and its references are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.queries import views
from programme.queries.views import View
from programme.rules.lifecycle import Move
from programme.rules.scopes import scope as written
from programme.sentences import Sentence
from programme.tables import Organisation, ServiceType, Site
from programme.work import Work

UNKNOWN_ORGANISATION = Sentence(lt="Tokios organizacijos nėra.", en="There is no such organisation.")
UNKNOWN_VERSION = Sentence(lt="Tokios standarto versijos nėra.", en="There is no such version of a standard.")
UNKNOWN_SERVICE = Sentence(lt="Tokios paslaugos rūšies nėra.", en="There is no such service type.")
UNKNOWN_SITE = Sentence(lt="Organizacija tokios vietos neturi.", en="The organisation has no such site.")
NOT_BEFORE = Sentence(lt="Data negali būti ankstesnė negu {earliest}.", en="The date cannot be before {earliest}.")
NOT_AFTER = Sentence(lt="Data negali būti vėlesnė negu {latest}.", en="The date cannot be after {latest}.")


async def judge(work: Work, view: View, key: UUID, move: str, **given: Any) -> Move:
    """The move, where the lifecycle allows it for the row as it stands; else its refusal with the reasons.

    `given`: facts that the request itself brings.
    """
    if view.lifecycle is None:
        raise LookupError(f"{view.name} {key}")
    return view.lifecycle.check(move, replace(await judged(work, view, key), **given))


async def judged(work: Work, view: View, key: UUID) -> Any:
    """The facts of the row as it stands, for its lifecycle."""
    connection = await work.connection()
    statement = views.tag_statement(view, "id", (), work.sight.sees)
    row = await views.one(connection, statement, key=key, today=work.today, **work.sight.values)
    if row is None:
        raise LookupError(f"{view.name} {key}")
    return view.judged(row, work.actor, work.today)


async def known_organisation(work: Work, organisation_id: UUID) -> Organisation:
    """The organisation that a body names, where the caller may know of it."""
    found = await work.session.get(Organisation, organisation_id)
    if found is None or not work.sight.knows(found.id):
        raise Invalid(FieldError("/organisation_id", "unknown_organisation", UNKNOWN_ORGANISATION))
    return found


async def checked_scope(
    work: Work,
    organisation_id: UUID,
    scope: Mapping[str, Any],
    *,
    over: Mapping[str, Any] | None = None,
    at: str = "/scope",
) -> dict[str, Any]:
    """The scope as it is written down, where its services and the organisation's sites exist.

    `over`: the present one, of which a merge patch changes only what it names. `at`: where the body names it.
    """
    scope = {**(over or {}), **scope}
    services, sites = list(scope["services"]), [UUID(str(site)) for site in scope["sites"]]
    known = set(await work.session.scalars(select(ServiceType.code).where(ServiceType.code.in_(services))))
    own = set(
        await work.session.scalars(select(Site.id).where(Site.organisation_id == organisation_id, Site.id.in_(sites)))
    )
    errors = [
        FieldError(f"{at}/services/{place}", "unknown_service", UNKNOWN_SERVICE)
        for place, code in enumerate(services)
        if code not in known
    ] + [
        FieldError(f"{at}/sites/{place}", "unknown_site", UNKNOWN_SITE)
        for place, site in enumerate(sites)
        if site not in own
    ]
    if errors:
        raise Invalid(*errors)
    return written(services, sites, scope["unit"])


def within(
    pointer: str, day: date, *, earliest: Iterable[date | None] = (), latest: Iterable[date | None] = ()
) -> None:
    """A day of the body that has to lie between bounds, those that are known."""
    first = max((bound for bound in earliest if bound is not None), default=None)
    last = min((bound for bound in latest if bound is not None), default=None)
    if first is not None and day < first:
        raise Invalid(FieldError(pointer, "date_too_early", NOT_BEFORE, {"earliest": first}))
    if last is not None and day > last:
        raise Invalid(FieldError(pointer, "date_too_late", NOT_AFTER, {"latest": last}))
