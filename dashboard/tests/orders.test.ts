import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/client";
import { give, type Order } from "../src/store/orders";

/** What a node answered, and the bodies and keys it was asked with. */
const answers: { status: number; body: unknown }[] = [];
const asked: { body: unknown; key: string | null }[] = [];

const STEP_DOWN: Order = {
  operation: "stepDown", method: "POST", path: "api/v1/orders/step-down", body: { why: "a drill", to: "node-2", epoch: 3 }, newer: ["epoch"],
};

function refusal(...errors: { place: string; allowed: string }[]) {
  return { status: 422, body: { title: "Unprocessable Entity", detail: errors.map(({ place }) => place).join(), errors } };
}

const unknown = (place: string) => ({ place, allowed: "Extra inputs are not permitted" });

beforeEach(() => {
  answers.length = asked.length = 0;
  vi.stubGlobal("fetch", async (_address: URL, init: RequestInit) => {
    asked.push({ body: JSON.parse(String(init.body)), key: new Headers(init.headers).get("Idempotency-Key") });
    const { status, body } = answers.shift() ?? { status: 200, body: { order: "stepDown" } };
    return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  });
});

afterEach(() => vi.unstubAllGlobals());

describe("an order", () => {
  it("is given once to a node that knows all of it", async () => {
    expect(await give(STEP_DOWN, "k")).toEqual({ order: "stepDown" });
    expect(asked).toEqual([{ body: STEP_DOWN.body, key: "k" }]);
  });

  it("is given to an older node without what that node does not know, with the same key", async () => {
    answers.push(refusal(unknown("body.epoch")));
    expect(await give(STEP_DOWN, "k")).toEqual({ order: "stepDown" });
    expect(asked.slice(1)).toEqual([{ body: { why: "a drill", to: "node-2" }, key: "k" }]);
  });

  it.each([
    ["a part that it cannot do without", refusal(unknown("body.to"))],
    ["more than what it can do without", refusal(unknown("body.epoch"), unknown("body.to"))],
    ["something else besides", refusal(unknown("body.epoch"), { place: "body.why", allowed: "String should have at least 1 character" })],
    ["a value of what it can do without", refusal({ place: "body.epoch", allowed: "Input should be greater than or equal to 0" })],
    ["another place of that name", refusal(unknown("query.epoch"))],
    ["no part by name", { status: 422, body: null }],
    ["the order", { status: 409, body: { title: "Conflict", errors: [unknown("body.epoch")] } }],
  ])("is not given again when a node refuses %s", async (_what, answer) => {
    answers.push(answer);
    await expect(give(STEP_DOWN, "k")).rejects.toBeInstanceOf(ApiError);
    expect(asked).toHaveLength(1);
  });
});
