import { afterEach, describe, expect, it, vi } from "vitest";
import { BLOCK, type Question, TargetsList, blockQuery } from "../src/store/targets_list";
import { target, targetsPage } from "./samples";

const ALL: Question = { name: "", media: "", group: "", reason: "", sort: "name", descending: false };
const TOTAL = 10_000;

/** A node with ten thousand targets; returns the questions it was asked. */
function node(sequence = () => 1): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(`${url.pathname}${url.search}`);
    const offset = Number(url.searchParams.get("offset"));
    const targets = Array.from({ length: BLOCK }, (_none, place) => target({ name: `t${offset + place}`, invitations: sequence() }));
    return new Response(JSON.stringify(targetsPage(targets, { offset, matched: TOTAL, total: TOTAL, sequence: sequence() })));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

describe("the list of targets", () => {
  it("reads the rows in sight and no others", async () => {
    const asked = node();
    const list = new TargetsList();
    list.ask(ALL);
    await list.need(250, 280, false);
    await list.need(260, 290, false);
    expect(asked).toHaveLength(1);
    expect(list.row(250)?.name).toBe("t250");
    expect(list.row(0)).toBeNull();
    expect(list.head.value?.page.matched).toBe(TOTAL);
  });

  it("shows nothing of the question before", async () => {
    node();
    const list = new TargetsList();
    list.ask(ALL);
    const reading = list.need(0, 10, true);
    list.ask({ ...ALL, reason: "warming_up" });
    await reading;
    expect(list.row(0)).toBeNull();
  });

  it("leaves filters and order to the node", () => {
    const query = blockQuery({ ...ALL, group: "A & B", sort: "waiting", descending: true }, 3);
    expect(query).toBe(`api/v1/targets?offset=300&limit=${BLOCK}&sort=waiting&recent=true&descending=true&group=A+%26+B`);
  });
});
