"""Clients and their keys, as they cross the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from programme.rules.lifecycle import Role
from schemas.base import Answer, Body, Code, Day, Id, Line, Moment, unchanged
from schemas.page import PageQuery, Several

Permission = Annotated[
    str, Field(strict=True, max_length=60, pattern=r"^[a-z_]+\.[a-z_]+$", examples=["certificates.read"])
]
Issuer = Annotated[str, Field(strict=True, max_length=300, pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]


class Person(Body):
    """Whose tokens are the client's: the issuer and the subject that it gave them."""

    issuer: Issuer = Field(examples=["https://prisijungimas.example.lt"])
    subject: Annotated[str, Field(strict=True, min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")] = Field(
        examples=["5f1c0c9e-ona"]
    )


class Grant(Body):
    """What a partner sees besides the public register: one organisation, those of a municipality, or those that take
    part in a strand of a project."""

    organisation_id: Id | None = None
    municipality: Code | None = Field(default=None, examples=["LT-57"])
    project: Code | None = Field(default=None, examples=["EQUASS-LT-1"])
    strand: Code | None = Field(default=None, examples=["EQUASS_IMPLEMENTATION"])

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        named = [self.organisation_id is not None, self.municipality is not None, self.project is not None]
        if sum(named) != 1 or (self.project is None) != (self.strand is None):
            raise PydanticCustomError("grant_one_of_three", "A grant names one thing.")
        return self


class ClientNew(Body):
    """A person or a program that is to call. It has no key yet: `POST /v1/clients/{id}/keys` gives one."""

    name: Line = Field(examples=["Vilniaus m. savivaldybės ataskaitos"])
    role: Role
    organisation_id: Id | None = Field(default=None, description="The only organisation whose records it sees.")
    scopes: Annotated[
        list[Permission],
        Field(max_length=200, description="The permissions that it is bound to; empty: all of its role."),
    ] = []
    expires_on: Day | None = Field(
        default=None, description="The last day on which it may call.", examples=["2027-12-31"]
    )
    oidc: Person | None = Field(default=None, description="Whose tokens are this client's.")
    grants: Annotated[list[Grant], Field(max_length=200, description="For partners only.")] = []


class ClientChange(Body):
    """New particulars; what is left out stays as it is. Role and organisation never change."""

    name: Line = unchanged(examples=["Vilniaus m. savivaldybės rodikliai"])
    scopes: list[Permission] = unchanged(max_length=200)
    expires_on: Day | None = None
    oidc: Person | None = None
    grants: list[Grant] = unchanged(max_length=200)


class ClientDisable(Body):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class PersonRead(Answer):
    issuer: str = Field(examples=["https://prisijungimas.example.lt"])
    subject: str = Field(examples=["5f1c0c9e-ona"])


class GrantRead(Answer):
    organisation_id: UUID | None = None
    municipality: str | None = Field(default=None, examples=["LT-57"])
    project: str | None = Field(default=None, examples=["EQUASS-LT-1"])
    strand: str | None = Field(default=None, examples=["EQUASS_IMPLEMENTATION"])


class RegisteredClient(Answer):
    """A person or a program that calls, with one role for good."""

    id: UUID
    name: str = Field(examples=["Vilniaus m. savivaldybės ataskaitos"])
    role: Role
    organisation_id: UUID | None
    scopes: list[str] = Field(description="The permissions that it is bound to; empty: all of its role.")
    expires_on: date | None = Field(description="The last day on which it may call.")
    oidc: PersonRead | None = Field(description="Whose tokens are this client's.")
    grants: list[GrantRead] = Field(description="What a partner sees besides the public register.")
    created_at: Moment
    disabled_at: Moment | None = Field(description="From this moment on nothing that it shows is good.")
    version: int


class ClientQuery(PageQuery):
    """Filters of the list of clients; sorts: `id`, which is the order of their making."""

    role: Several[Role] | None = None
    organisation_id: Id | None = None


class KeyNew(Body):
    """A key to make. A client has two live keys at most: the one that it uses, and the one that takes its place."""

    expires_on: Day | None = Field(
        default=None, description="The key's last day, at most 365 days ahead; a year where it is left out.",
        examples=["2027-06-30"],
    )  # fmt: skip


class KeyRevoke(Body):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Key(Answer):
    """A key, without its secret."""

    id: str = Field(examples=["3f9k2m8x1c7q"])
    client_id: UUID
    created_at: Moment
    expires_at: Moment
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="As of a minute ago; null: never.")
    live: bool = Field(description="Whether it is good now: neither revoked nor expired.")


class KeyShown(Key):
    """A new key with its secret."""

    key: str | None = Field(
        description="`kk_<id>_<secret>`, shown this once; null where the same request is sent again.",
        examples=["kk_3f9k2m8x1c7q_…"],
    )
