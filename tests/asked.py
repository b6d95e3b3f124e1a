"""What hypothesis asks of the service: any operation of the document, with values that mean something in a database."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from hypothesis import strategies as st

from programme.queries.annual_reports import ANNUAL_REPORTS
from programme.queries.assessments import ASSESSMENTS
from programme.queries.certificates import CERTIFICATES, REGISTER
from programme.queries.compliance_cases import COMPLIANCE_CASES
from programme.queries.enrolments import ENROLMENTS
from programme.queries.findings import FINDINGS
from programme.queries.indicators import INDICATORS
from programme.queries.mappings import MAPPINGS
from programme.queries.organisations import CONTACTS, ORGANISATIONS, SITES
from programme.queries.projects import PROJECTS
from programme.queries.ratings import RATINGS
from programme.queries.support_activities import SUPPORT_ACTIVITIES
from programme.queries.views import View
from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from tests.full import SHARED, Full

VIEWS: dict[str, View] = {
    f"/v1/{view.name.replace('_', '-')}": view
    for view in (
        ANNUAL_REPORTS,
        ASSESSMENTS,
        CERTIFICATES,
        COMPLIANCE_CASES,
        ENROLMENTS,
        FINDINGS,
        INDICATORS,
        ORGANISATIONS,
        PROJECTS,
    )
} | {
    "/public/v1/certificates": REGISTER,
    "/v1/organisations/{organisation_id}/sites": SITES,
    "/v1/organisations/{organisation_id}/contacts": CONTACTS,
    "/v1/assessments/{assessment_id}/ratings": RATINGS,
    "/v1/standards/{standard}/versions/{version}/mappings": MAPPINGS,
    "/v1/enrolments/{enrolment_id}/support-activities": SUPPORT_ACTIVITIES,
}

DAYS = ("2024-02-29", "2025-12-01", "2026-11-21", "2026-11-22", "2026-11-23", "2026-12-01", "2028-12-01", "2029-06-30")
MOMENTS = ("2025-12-01T10:00:00Z", "2026-11-22T09:59:59Z", "2026-11-22T10:00:00Z", "2026-11-22T12:00:00+02:00")
TEXTS = ("leliunu", "namai", "LIT2025", "LIT2025-402", "socialinės", "999", "z", "0", "-", "Ona")
KNOWN_TO_ALL = ("reference", "legal_code", "agreement_number", "code", "official_code")
"""That one of these is in use, everybody may be told; so bodies name none that only one of the databases has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


class Asking:
    """Strategies over one document. `own`: what the caller may see, `foreign`: what only one of the databases has."""

    def __init__(self, document: dict[str, Any], own: Full, foreign: list[Full]) -> None:
        self.document = document
        self.own, self.foreign = own, foreign
        self.operations = [
            (method, path, operation)
            for path, methods in sorted(document["paths"].items())
            for method, operation in sorted(methods.items())
            if path.startswith(("/v1/", "/public/")) and method != "head"
        ]
        self.lists = [
            one for one in self.operations if any(_name(self, p) == "cursor" for p in one[2].get("parameters", []))
        ]

    def requests(self, role: Role) -> st.SearchStrategy[Asked]:
        """What the role may ask: the other operations refuse it before they look at anything. The register is open to
        the other roles too, and tells all of them more in one database than in the other."""

        def usable(found: list[Any]) -> list[Any]:
            return [one for one in found if self._open_to(role, one[1], one[2])]

        changes = [one for one in self.operations if one[0] != "get"]
        kinds = [found for group in (self.lists, self.operations, changes) if (found := usable(group))]
        return st.one_of(*map(st.sampled_from, kinds)).flatmap(lambda one: self._request(*one))

    @staticmethod
    def _open_to(role: Role, path: str, operation: dict[str, Any]) -> bool:
        named = re.search(r"Permission: `([\w.]+)`", operation["description"])
        return role is Role.PUBLIC if named is None else may(role, named[1])

    @st.composite
    @staticmethod
    def _drawn(draw: st.DrawFn, asking: Asking, method: str, path: str, operation: dict[str, Any]) -> Asked:
        whose = draw(st.sampled_from([asking.own, asking.own, *asking.foreign]))
        query, headers = [], {"Accept-Language": draw(st.sampled_from(("lt", "en")))}
        for parameter in map(asking.resolved, operation.get("parameters", [])):
            name = parameter["name"]
            if parameter["in"] != "query" or name in ("cursor", "validate_only"):
                continue
            if not parameter.get("required") and draw(st.integers(0, 3)) != 0:
                continue
            if name in ("sort", "fields", "expand") and not asking._names(path, name):
                continue
            query.append((name, draw(asking._parameter(path, name, parameter["schema"]))))
        body = None
        if method != "get":
            query.append(("validate_only", "true"))
            headers |= {"Idempotency-Key": uuid4().hex, "If-Match": f'"{draw(st.integers(1, 2))}"'}
            if (schema := operation.get("requestBody")) is not None:
                body = draw(asking._value(next(iter(schema["content"].values()))["schema"], ""))
        filled = re.sub(r"{(\w+)}", lambda found: draw(asking._named(found[1], whose)), path)
        return Asked(method.upper(), filled, tuple(query), body, headers)

    def _request(self, method: str, path: str, operation: dict[str, Any]) -> st.SearchStrategy[Asked]:
        return Asking._drawn(self, method, path, operation)

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            _, _, kind, name = part["$ref"].split("/")
            part = self.document["components"][kind][name]
        return part

    def _named(self, name: str, whose: Full) -> st.SearchStrategy[str]:
        """A value for a part of an address; most of them of the one organisation."""
        if name in SHARED:
            return st.just(SHARED[name])
        mine = getattr(whose, name)
        ids = [str(mine)] * 6 + [str(uuid4())]
        if name == "assessment_id":
            ids += [str(whose.draft_id), str(whose.own_id)] * 2
        if name == "certificate_id":
            ids += [whose.reference] * 2
        return st.sampled_from(ids)

    def _id(self, name: str) -> st.SearchStrategy[str]:
        kind = {"predecessor_id": "certificate_id", "with": "assessment_id", "repeats_id": "finding_id"}.get(name, name)
        known = [str(getattr(one, kind, uuid4())) for one in (self.own, *self.foreign)]
        return st.sampled_from([*known, str(uuid4())])

    @staticmethod
    def _names(path: str, parameter: str) -> list[str]:
        """What the address takes there; nothing where it is not known here."""
        view = VIEWS.get(path) or VIEWS.get(path.rpartition("/")[0])
        if view is None:
            return []
        sorts = [*view.sorts, *(f"-{key}" for key in view.sorts)]
        return {"sort": sorts, "fields": list(view.fields), "expand": list(view.expands)}[parameter]

    def _parameter(self, path: str, name: str, schema: dict[str, Any]) -> st.SearchStrategy[str]:
        if name in ("sort", "fields", "expand"):
            some = st.lists(
                st.sampled_from(self._names(path, name)), min_size=1, max_size=3, unique_by=lambda key: key.lstrip("-")
            )
            return some.map(",".join)
        view = VIEWS.get(path)
        if name == "include":
            known = ("total", "actions", "total,actions") if view is not None and view.lifecycle else ("total",)
            return st.sampled_from(known)
        if name == "limit":
            return st.sampled_from(("1", "2", "50"))
        if name == "q":
            return st.sampled_from(TEXTS)
        if name == "reference":
            return st.sampled_from([self.own.reference, *(one.reference for one in self.foreign)])
        if name == "municipality":
            return st.sampled_from(("LT-54", "LT-57", "LT-54,LT-57"))
        return self._value(schema, name).map(lambda value: value if isinstance(value, str) else _text(value))

    def _value(self, schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
        """A value that fits the schema, more or less: what does not is refused, in both databases alike."""
        examples = schema.get("examples")
        schema = self.resolved(schema)
        if (either := schema.get("anyOf") or schema.get("oneOf")) is not None:
            return st.one_of(*(self._value(one, name) for one in either if one.get("type") != "null"))
        if schema.get("format") == "uuid":
            return self._id(name)
        if schema.get("format") == "date":
            return st.sampled_from(DAYS)
        if schema.get("format") == "date-time":
            return st.sampled_from(MOMENTS)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        match schema.get("type"):
            case "object":
                properties, required = schema.get("properties", {}), set(schema.get("required", ()))
                needed = {key: self._value(one, key) for key, one in properties.items() if key in required}
                other = {key: self._value(one, key) for key, one in properties.items() if key not in required}
                return st.fixed_dictionaries(needed, optional=other)
            case "array":
                return st.lists(self._value(schema["items"], name), min_size=schema.get("minItems", 0), max_size=2)
            case "boolean":
                return st.booleans()
            case "integer":
                return st.integers(schema.get("minimum", 0), min(schema.get("maximum", 9), 99))
            case _:
                examples = examples or schema.get("examples") or SPOKEN.get(name, TEXTS)
                return st.sampled_from([str(one) for one in examples])


SPOKEN = {
    "name": ["Namai", "Ona Pavyzdė"], "email": ["ona@namai.example.lt"], "telephone": ["+370 600 00000"],
    "standard": ["EQUASS"], "standard_version": ["EQUASS-2018"], "level": ["ASSURANCE"], "project": [SHARED["project"]],
    "strand": [SHARED["strand"]], "services": ["LONG_TERM_CARE"], "criterion": ["1.1"],
}  # fmt: skip


def _name(asking: Asking, parameter: dict[str, Any]) -> str:
    return str(asking.resolved(parameter)["name"])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value)
