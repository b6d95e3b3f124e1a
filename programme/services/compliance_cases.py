"""What can be done with a compliance case. The daily pass opens them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from programme.queries.compliance_cases import COMPLIANCE_CASES
from programme.rules.compliance_cases import State
from programme.services.moves import judge, within
from programme.tables import ComplianceCase
from programme.work import Work


async def close(work: Work, case_id: UUID, *, resolution: str, effective_on: date | None = None) -> ComplianceCase:
    """The coordinator has followed it up. How is kept with the case and not told in its event, as it may name people."""
    case = await work.take(ComplianceCase, case_id)
    move = await judge(work, COMPLIANCE_CASES, case.id, "close")
    day = effective_on or work.today
    within("/effective_on", day, earliest=[case.opened_on], latest=[work.today])
    case.state, case.closed_on, case.resolution = State.CLOSED, day, resolution
    await work.record(move.event, case, effective_on=day)
    return case
