import { describe, expect, it } from "vitest";
import { href, parseRoute } from "../src/routing/route";

describe("an address", () => {
  it.each(["Sales - chat", "50 % / Zürich", "a?b#c", "../x", "%zz"])("of the target %s leads back to it", (name) => {
    expect(parseRoute(href("targets", name))).toMatchObject({ view: "targets", item: name });
  });

  it("carries the question of a list", () => {
    const route = parseRoute(href("targets", "", { reason: "warming_up", name: "" }));
    expect(route.item).toBe("");
    expect([...route.query]).toEqual([["reason", "warming_up"]]);
  });

  it.each(["", "#", "#/", "#/nothing", "#/nothing/at?all"])("that is none (%s) is the overview", (hash) => {
    expect(parseRoute(hash)).toMatchObject({ view: "overview", item: "" });
  });
});
