import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bodyOf, callsByTag, nameOf, type OpenApi, typeOf } from "../src/store/openapi";

const document = JSON.parse(readFileSync("../docs/openapi/api-v1.json", "utf8")) as OpenApi;

describe("the document of the API", () => {
  it("is shown whole: every call once, every reference with its schema", () => {
    const calls = callsByTag(document).flatMap(([, each]) => each);
    const methods = Object.values(document.paths).map((each) => Object.keys(each).length);
    expect(calls.length).toBe(methods.reduce((a, b) => a + b, 0));
    for (const { operation } of calls) {
      for (const answer of [operation.requestBody, ...Object.values(operation.responses)]) {
        const name = nameOf(bodyOf(answer));
        if (name) expect(document.components?.schemas).toHaveProperty(name);
      }
    }
  });

  it("has types in words", () => {
    expect(typeOf({ type: "array", items: { $ref: "#/components/schemas/Member" } })).toBe("list of Member");
    expect(typeOf({ anyOf: [{ type: "number" }, { type: "null" }] })).toBe("number or null");
    expect(typeOf({ type: "string", maxLength: 200 })).toBe("text, at most 200 characters");
    expect(typeOf({ type: "integer", minimum: 1, maximum: 9 })).toBe("integer, 1 to 9");
    expect(typeOf({ type: "object", additionalProperties: { type: "integer" } })).toBe("map of integer");
  });
});
