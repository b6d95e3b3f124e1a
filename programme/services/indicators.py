"""What can be done with result indicators, and what a report may say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import JSONB

from programme.errors import FieldError, Invalid, NotAllowed
from programme.queries.indicators import INDICATORS
from programme.rules.indicators import LIFECYCLE, MEASURE_FIXED, Direction, State
from programme.rules.lifecycle import REFUSED
from programme.sentences import Sentence
from programme.services.moves import judge, known_organisation
from programme.tables import AnnualReportSubmission, Indicator, StandardVersion
from programme.work import Work

Results = Sequence[Mapping[str, Any]]
"""What a report says of indicators: `indicator_id`, `value` (measured), `target` (defined), `comment`."""

UNKNOWN_VERSION = Sentence(lt="Tokios standarto versijos nėra.", en="There is no such version of a standard.")
VERSION_MISSING = Sentence(
    lt="Nurodykite ir standarto versiją, kuriai tai priklauso.", en="Name the version of the standard too."
)
UNKNOWN_PRINCIPLE = Sentence(lt="Versija tokio principo neturi.", en="The version has no such principle.")
UNKNOWN_CRITERION = Sentence(lt="Principas tokio kriterijaus neturi.", en="The principle has no such criterion.")
UNKNOWN_INDICATOR = Sentence(lt="Organizacija tokio rodiklio neturi.", en="The organisation has no such indicator.")
NOT_ACTIVE = Sentence(lt="Šis rodiklis nebestebimas.", en="This indicator is retired.")
TWICE = Sentence(lt="Šio rodiklio reikšmė jau nurodyta.", en="A value of this indicator stands there already.")


async def define(
    work: Work,
    *,
    organisation_id: UUID,
    name: Mapping[str, str],
    unit: str,
    direction: Direction,
    target: float | None = None,
    standard_version: str | None = None,
    principle: int | None = None,
    criterion: str | None = None,
) -> Indicator:
    """A new indicator, which every later report may say something of."""
    organisation = await known_organisation(work, organisation_id)
    indicator = Indicator(
        organisation_id=organisation.id,
        name=name,
        unit=unit,
        direction=direction,
        target=target,
        standard_version=standard_version,
        principle=principle or _principle_of(criterion),
        criterion=criterion,
        state=State.ACTIVE,
    )
    await _place(work, indicator)
    return await work.add(indicator, "indicator.defined")


async def amend(work: Work, indicator_id: UUID, **changes: Any) -> Indicator:
    """New particulars. What was reported keeps those of its day; unit and direction stay once something was, or the
    series would compare what cannot be compared."""
    indicator = await work.take(Indicator, indicator_id)
    LIFECYCLE.require(indicator.state, State.ACTIVE)
    remeasured = any(changes.get(name, getattr(indicator, name)) != getattr(indicator, name) for name in _MEASURE)
    if remeasured and await _was_reported(work, indicator):
        raise NotAllowed(REFUSED, reasons=[MEASURE_FIXED])
    if changes.get("criterion") is not None:
        changes.setdefault("principle", _principle_of(changes["criterion"]))
    indicator.assign(changes)
    await _place(work, indicator)
    await work.record("indicator.amended", indicator)
    return indicator


_MEASURE = ("unit", "direction")


async def retire(work: Work, indicator_id: UUID) -> Indicator:
    """Later reports say nothing of it any more. Its series stays."""
    indicator = await work.take(Indicator, indicator_id)
    move = await judge(work, INDICATORS, indicator.id, "retire")
    indicator.state, indicator.retired_on = State.RETIRED, work.today
    await work.record(move.event, indicator)
    return indicator


async def resume(work: Work, indicator_id: UUID) -> Indicator:
    """Reports may say something of it again."""
    indicator = await work.take(Indicator, indicator_id)
    move = await judge(work, INDICATORS, indicator.id, "resume")
    indicator.state, indicator.retired_on = State.ACTIVE, None
    await work.record(move.event, indicator)
    return indicator


async def checked(work: Work, organisation_id: UUID, results: Results) -> list[dict[str, Any]]:
    """What a report says of indicators as it is kept in a draft, where they are active ones of the organisation."""
    named = [UUID(str(one["indicator_id"])) for one in results]
    query = select(Indicator.id, Indicator.state).where(
        Indicator.organisation_id == organisation_id, Indicator.id.in_(named)
    )
    states = {row.id: row.state for row in await work.session.execute(query)}
    errors = []
    for place, indicator in enumerate(named):
        pointer = f"/results/{place}/indicator_id"
        if indicator not in states:
            errors.append(FieldError(pointer, "unknown_indicator", UNKNOWN_INDICATOR))
        elif indicator in named[:place]:
            errors.append(FieldError(pointer, "indicator_repeated", TWICE))
        elif states[indicator] != State.ACTIVE:
            errors.append(FieldError(pointer, "indicator_retired", NOT_ACTIVE))
    if errors:
        raise Invalid(*errors)
    return [{**one, "indicator_id": str(one["indicator_id"])} for one in results]


async def as_reported(work: Work, results: Results) -> list[dict[str, Any]]:
    """The checked results as a submission keeps them for good: each with what the indicator is now, and with its target
    where the report names none of its own. None of them changes until that is kept."""
    named = [UUID(one["indicator_id"]) for one in results]
    query = select(Indicator).where(Indicator.id.in_(named)).order_by(Indicator.id).with_for_update(read=True)
    known = {str(one.id): one for one in await work.session.scalars(query.execution_options(populate_existing=True))}
    return [
        {
            "indicator_id": one["indicator_id"],
            "name": (indicator := known[one["indicator_id"]]).name,
            "unit": indicator.unit,
            "direction": indicator.direction,
            "value": one["value"],
            "target": indicator.target if one["target"] is None else one["target"],
            "comment": one["comment"],
        }
        for one in results
    ]


async def _was_reported(work: Work, indicator: Indicator) -> bool:
    named = AnnualReportSubmission.results.cast(JSONB).contains([{"indicator_id": str(indicator.id)}])
    query = select(AnnualReportSubmission.id).where(
        AnnualReportSubmission.organisation_id == indicator.organisation_id, named
    )
    return await work.session.scalar(query.limit(1)) is not None


def _principle_of(criterion: str | None) -> int | None:
    """A criterion names its principle by itself: 9 of 9.2."""
    return None if criterion is None else int(criterion.partition(".")[0])


async def _place(work: Work, indicator: Indicator) -> None:
    """Whether what the indicator bears on exists."""
    if indicator.standard_version is None:
        if indicator.principle is not None or indicator.criterion is not None:
            raise Invalid(FieldError("/standard_version", "missing", VERSION_MISSING))
        return
    principles = await work.session.scalar(
        select(StandardVersion.principles).where(StandardVersion.code == indicator.standard_version)
    )
    if principles is None:
        raise Invalid(FieldError("/standard_version", "unknown_version", UNKNOWN_VERSION))
    criteria = {one["number"]: {below["number"] for below in one["criteria"]} for one in principles}
    if indicator.criterion is not None:
        if indicator.criterion not in criteria.get(indicator.principle, ()):
            raise Invalid(FieldError("/criterion", "unknown_criterion", UNKNOWN_CRITERION))
    elif indicator.principle is not None and indicator.principle not in criteria:
        raise Invalid(FieldError("/principle", "unknown_principle", UNKNOWN_PRINCIPLE))
