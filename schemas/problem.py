"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from schemas.base import Answer, ReasonRead


class ProblemError(Answer):
    """What is wrong with one place of the request: a JSON pointer into the body, or the name of a query parameter."""

    pointer: str = Field(default="", examples=["/effective_on"])
    parameter: str = Field(default="", examples=["sort"])
    code: str = Field(examples=["date_malformed"])
    message: str = Field(examples=["Data rašoma taip: MMMM-MM-DD."])


class Problem(Answer):
    """Why the request was refused. `code` is stable and never translated; `title`, `detail` and messages come in the
    language that the caller asked for."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/not_allowed"])
    title: str = Field(examples=["Dabar to padaryti negalima"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Šio veiksmo dabar atlikti negalima."])
    code: str = Field(examples=["not_allowed"])
    request_id: str = Field(examples=["019ab2c4d5e67f00a1b2c3d4e5f60718"])
    errors: list[ProblemError] = Field(default=[], description="What is wrong where.")
    reasons: list[ReasonRead] = Field(default=[], description="What stands in the way of the move.")
