"""What the document says of events: the payload of each kind of resource, and a webhook for each type.

`data` holds stored public fields in the shapes that the resource itself is answered with: where its model has a field,
the event's is that field; what only events tell has the shape of its column.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Double, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from programme.rules.events import READ_WITH, types_of
from programme.sentences import Sentence
from programme.tables import Recorded

Schema = dict[str, Any]

TAGS: Final = {
    "auditor": "assessments", "certificate_vote": "certificates", "client": "callers", "contact": "organisations",
    "criterion_mapping": "standards", "policy": "standards", "rating": "assessments", "site": "organisations",
    "standard_version": "standards", "strand": "projects", "support_activity": "enrolments",
    "webhook_endpoint": "webhooks",
}  # fmt: skip
"""Of the kinds of resource that have no tag of their own."""

ANSWERED_AS: Final = {"certificate_vote": "CommitteeVote", "client": "RegisteredClient", "rating": "CriterionRating"}
"""The models of those whose model has another name."""

OTHERWISE: Final[dict[tuple[str, str], Schema]] = {
    ("client", "grants"): {
        "type": "array",
        "description": "What a partner sees: organisations by id, by municipality, or by the strand they take part in.",
        "items": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    ("client", "keys"): {
        "type": "array", "description": "Ids of the keys that were not revoked.", "items": {"type": "string"}
    },
}  # fmt: skip
"""Fields that events tell in a shape of their own."""

FACTS: Final[dict[str, Schema]] = {
    "certificate": {
        "days": {"type": "integer", "description": "Of `certificate.expiry_noticed`: how many days are left."},
        "kind": {"type": "string", "description": "Of `certificate.decision_took_effect`: what was decided."},
        "decision": {
            "type": "integer", "description": "Of `certificate.decision_took_effect`: the decision's number in `/history`."
        },
    },
    "enrolment": {"stage": {"type": "string", "description": "Of `enrolment.stage_overdue`: the stage's code."}},
}  # fmt: skip
"""What some events of the daily pass tell besides, which is no field of the resource."""

_COLUMNS: Final[tuple[tuple[type[TypeEngine[Any]], Schema], ...]] = (
    (DateTime, {"type": "string", "format": "date-time"}),
    (Date, {"type": "string", "format": "date"}),
    (Uuid, {"type": "string", "format": "uuid"}),
    (Boolean, {"type": "boolean"}),
    (Integer, {"type": "integer"}),
    (Double, {"type": "number"}),
    (Numeric, {"type": "number"}),
    (ARRAY, {"type": "array", "items": {"type": "string"}}),
    (JSONB, {"type": ["object", "array"]}),
    (Text, {"type": "string"}),
)

SIGNED: Final = {
    "WebhookId": (
        "webhook-id",
        "The event's `id`, the same on every attempt: what came with it before is not to be done again.",
        {"type": "string", "format": "uuid"},
    ),
    "WebhookTimestamp": (
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970. Refuse what is more than five minutes old.",
        {"type": "string", "examples": ["1795680000"]},
    ),
    "WebhookSignature": (
        "webhook-signature",
        "One or more, separated by spaces, of which one has to be right: `v1,` and the base64 of an HMAC-SHA256.",
        {"type": "string", "examples": ["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]},
    ),
}

_TAKEN: Final = {
    "2XX": {"description": "Taken: it is not sent again. What the answer says is not read."},
    "410": {"description": "The endpoint is gone: it is disabled, and its owner reads of it in the feed."},
    "default": {
        "description": "Not taken, a redirection included: tried nine more times within some three days, later where "
        "`Retry-After` asks for it."
    },
}


def class_name(resource: str) -> str:
    """What a kind of resource is called among the schemas."""
    return "".join(part.capitalize() for part in resource.split("_"))


def describe(document: Schema) -> None:
    """Puts the payloads and the webhooks into the document, which has the models of the resources already."""
    parts = document["components"]
    parts["parameters"] |= {
        name: {"name": header, "in": "header", "required": True, "description": about, "schema": schema}
        for name, (header, about, schema) in SIGNED.items()
    }
    webhooks: Schema = {}
    for kind in sorted(Recorded.__subclasses__(), key=lambda one: one.resource):
        if kind.resource in READ_WITH:
            payload = _payload(kind, parts["schemas"])
            webhooks |= {name: _webhook(name, told, payload) for name, told in types_of(kind.resource).items()}
    document["webhooks"] = webhooks


def _payload(kind: type[Recorded], schemas: Schema) -> str:
    """Adds the schemas of the events of one kind of resource; their name."""
    resource = kind.resource
    name = class_name(resource)
    readable = resource.replace("_", " ")
    known = schemas[ANSWERED_AS.get(resource, name)]["properties"]
    schemas[f"{name}EventData"] = {
        "type": "object",
        "title": f"{name}EventData",
        "description": f"Stored public fields of one {readable}; null where one is empty.",
        "properties": {field: _or_null(_shape(kind, field, known)) for field in kind.told} | FACTS.get(resource, {}),
    }
    data = {"$ref": f"#/components/schemas/{name}EventData"}
    event = schemas["Event"]
    schemas[f"{name}Event"] = {
        **event,
        "title": f"{name}Event",
        "description": f"One change of one {readable}, as the feed and webhooks tell it.",
        "properties": {
            **event["properties"],
            "type": {"type": "string", "enum": list(types_of(resource))},
            "data": {**data, "description": event["properties"]["data"]["description"]},
            "previous": {**data, "description": event["properties"]["previous"]["description"]},
        },
    }
    return f"{name}Event"


def _or_null(schema: Schema) -> Schema:
    schema = {key: value for key, value in schema.items() if key not in ("default", "title")}
    if any(one.get("type") == "null" for one in schema.get("anyOf", ())):
        return schema
    about: Schema = {key: schema.pop(key) for key in ("description", "examples") if key in schema}
    return {"anyOf": [schema, {"type": "null"}], **about}


def _shape(kind: type[Recorded], field: str, known: Schema) -> Schema:
    shape: Schema | None = OTHERWISE.get((kind.resource, field)) or known.get(field)
    if shape is None:
        column = kind.__table__.c[field].type  # type: ignore[attr-defined]
        shape = next(schema for which, schema in _COLUMNS if isinstance(column, which))
    return shape


def _webhook(name: str, told: Sentence, payload: str) -> Schema:
    resource = name.partition(".")[0]
    return {
        "post": {
            "operationId": f"on_{name.replace('.', '_')}",
            "summary": told.en,
            "description": f"{told.lt}\n\nTold to clients with the permission `{READ_WITH[resource]}`, of what they may know.",
            "tags": [TAGS.get(resource, f"{resource.replace('_', '-')}s")],
            "parameters": [{"$ref": f"#/components/parameters/{header}"} for header in SIGNED],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "allOf": [{"$ref": f"#/components/schemas/{payload}"}],
                            "properties": {"type": {"const": name}},
                        }
                    }
                },
            },
            "responses": _TAKEN,
        }
    }
