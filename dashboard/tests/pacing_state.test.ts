import { describe, expect, it } from "vitest";
import type { Cluster, Hold } from "../src/api/model";
import { LOST_AFTER_SECONDS, pacingState } from "../src/store/pacing_state";
import { cluster, member } from "./samples";

const NOW = 1_000;
const STOP: Hold = { by: "eva", why: "wrong list", since: 940, until: null, everything: true };
const SILENT = { silent_since: 929, silent_reason: "no_master", silent_text: "no master is known" };
const PAUSED = { paused: { by: "operator", began_at: 900, until: 2_000 } };

function state(page: Cluster | null, stop: Hold | null = null, ago = 1) {
  return pacingState(page, page, stop, ago, NOW);
}

describe("the state of the service", () => {
  it("is PACING while pushes are accepted", () => {
    expect(state(cluster())).toEqual({ word: "PACING", seconds: null, why: "", beside: [] });
  });

  it("is SILENT with its time and reason", () => {
    expect(state(cluster(SILENT))).toMatchObject({ word: "SILENT", seconds: 71, why: "no master is known" });
  });

  it("is PAUSED, and says whether the master goes on", () => {
    expect(state(cluster(PAUSED))).toMatchObject({ word: "PAUSED", seconds: 100, beside: [] });
    expect(state(cluster(PAUSED)).why).toContain("the master goes on");
    expect(state(cluster({ ...PAUSED, ...SILENT }))).toMatchObject({ word: "PAUSED", beside: ["SILENT"] });
    expect(state(cluster({ ...PAUSED, ...SILENT })).why).not.toContain("the master goes on");
  });

  it("is STOPPED before everything else, which stays visible beside it", () => {
    expect(state(cluster({ ...PAUSED, ...SILENT }), STOP)).toMatchObject({ word: "STOPPED", seconds: 60, why: "wrong list (eva)", beside: ["PAUSED", "SILENT"] });
  });

  it("is FAILSAFE while a member goes on without ZooKeeper", () => {
    expect(state(cluster({ members: [member({ state: "failsafe" })] }))).toMatchObject({ word: "FAILSAFE" });
  });

  it("is never PACING by old readings", () => {
    expect(state(cluster(), null, LOST_AFTER_SECONDS + 1)).toMatchObject({ word: "UNKNOWN", seconds: LOST_AFTER_SECONDS + 1 });
    expect(state(null)).toMatchObject({ word: "UNKNOWN" });
  });
});
