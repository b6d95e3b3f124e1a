// The main road as a frontend team walks it: with the types that openapi-typescript makes of openapi.json and the client of
// openapi-fetch, and nothing else. `walk.py` walks the same; `test_generated_clients.py` compares what they found.

import createClient from "openapi-fetch";
import type { components, paths } from "./kokybe.js";

type Schemas = components["schemas"];
type Kokybe = ReturnType<typeof connect>;

const ENROLMENT = "/v1/enrolments/{enrolment_id}";

function connect(api: string, headers: Record<string, string>) {
  return createClient<paths, "application/json" | "application/problem+json">({ baseUrl: api, headers });
}

function given<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error("there is nothing");
  return value;
}

/** What was answered; a problem ends the walk. */
function good<Data>(answer: { data?: Data; error?: Schemas["Problem"] }): Data {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail} (${answer.error.request_id})`);
  return given(answer.data);
}

/** What a program reads of a refusal. */
function refused({ error, response }: { error?: Schemas["Problem"]; response: Response }) {
  const { type, code, status, request_id, errors = [], reasons = [] } = given(error);
  if (status !== response.status || request_id !== response.headers.get("X-Request-Id")) throw new Error(request_id);
  return {
    type,
    code,
    status,
    errors: errors.map((one) => [one.pointer, one.code]),
    reasons: reasons.map((one) => one.code),
  };
}

async function everyOrganisation(kokybe: Kokybe) {
  const found: Schemas["Organisation"][] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const query: { limit: number; cursor?: string } = cursor === null ? { limit: 10 } : { limit: 10, cursor };
    const page: Schemas["OrganisationPage"] = good(await kokybe.GET("/v1/organisations", { params: { query } }));
    found.push(...page.items);
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor !== null);
  return { pages, listed: found.length, different: new Set(found.map((one) => one.id)).size };
}

async function readOn(kokybe: Kokybe, after?: string) {
  const items: Schemas["Event"][] = [];
  for (;;) {
    const query = after === undefined ? {} : { after };
    const feed: Schemas["Feed"] = good(await kokybe.GET("/v1/events", { params: { query } }));
    items.push(...feed.items);
    after = feed.next_cursor;
    if (!feed.has_more) return { items, cursor: feed.next_cursor };
  }
}

/** What the feed tells of one resource behind a cursor, as soon as there is so much of it. */
async function told(kokybe: Kokybe, cursor: string, id: string, count: number) {
  for (let tries = 0; tries < 100; tries += 1) {
    const { items } = await readOn(kokybe, cursor);
    const its = items.filter((one) => one.resource.type === "enrolment" && one.resource.id === id);
    if (its.length >= count) return its.map((one) => [one.type, one.resource.version]);
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`the feed does not tell of ${id}`);
}

export async function walk(api: string, key: string) {
  const kokybe = connect(api, { Authorization: `Bearer ${key}`, "Accept-Language": "en" });

  const me = good(await kokybe.GET("/v1/me"));
  const { cursor } = await readOn(kokybe);

  const query = { q: "leliunu", municipality: ["LT-54", "LT-57"], include: "total" };
  const page = good(await kokybe.GET("/v1/organisations", { params: { query } }));
  const organisation = given(page.items[0]);

  const body: Schemas["EnrolmentNew"] = {
    organisation_id: organisation.id,
    project: "QUALITY-LT-2",
    strand: "EQUASS_MAINTENANCE",
    scope: { services: ["LONG_TERM_CARE"], unit: "TypeScript" },
  };
  const bad = await kokybe.POST("/v1/enrolments", {
    body: { ...body, scope: { services: ["LONG_TERM_CARE", "GARDENING"] } },
  });

  const once = { params: { header: { "Idempotency-Key": crypto.randomUUID() } }, body };
  const opened = await kokybe.POST("/v1/enrolments", once);
  const again = await kokybe.POST("/v1/enrolments", once);
  const draft = good(opened);
  if (good(again).id !== draft.id) throw new Error("done twice");

  const path = { enrolment_id: draft.id };
  const header = { "If-Match": given(opened.response.headers.get("ETag")) };
  const early = await kokybe.POST(`${ENROLMENT}/submit`, { params: { path, header }, body: {} });
  const action = given((draft.actions ?? []).find((one) => one.name === "submit"));

  const declared = await kokybe.PATCH(ENROLMENT, { params: { path, header }, body: { declared_on: "2026-11-20" } });
  const fresh = { "If-Match": given(declared.response.headers.get("ETag")) };
  const stale = await kokybe.POST(`${ENROLMENT}/submit`, { params: { path, header }, body: {} });
  const submitted = await kokybe.POST(`${ENROLMENT}/submit`, { params: { path, header: fresh }, body: {} });

  const anybody = connect(api, {});
  const register = good(await anybody.GET("/public/v1/certificates", { params: { query: { q: "leliunu" } } }));
  const { reference } = given(register.items[0]);
  const entry = good(await anybody.GET("/public/v1/certificates/{reference}", { params: { path: { reference } } }));
  const stranger = connect(api, { Authorization: "Bearer kk_nobodys" });

  return {
    me: [me.role, me.permissions.includes("enrolments.submit")],
    found: [organisation.name, page.total],
    every: await everyOrganisation(kokybe),
    repeated: again.response.headers.get("Idempotent-Replayed"),
    action: [action.allowed, action.reasons.map((one) => one.code)],
    early: refused(early),
    bad: refused(bad),
    stale: refused(stale),
    states: [draft.state, good(declared).state, good(submitted).state],
    told: await told(kokybe, cursor, draft.id, 3),
    register: [entry.reference, entry.organisation.name === organisation.name],
    unauthorised: refused(await stranger.GET("/v1/organisations")),
    enrolment: draft.id,
  };
}
