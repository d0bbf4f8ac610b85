import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Alarm, Alarms } from "../src/api/model";
import { platformLight, statisticsLight } from "../src/store/lights";
import { ANSWER } from "./samples";

const NONE: Alarms = { ...ANSWER, active: [], withheld: {}, receivers: [] };

function raised(condition: string): Alarms {
  const alarm: Alarm = {
    id: "1", condition, object: "", severity: "major", scope: "node", raised_by: "node1", raised_at: 1, value: 1, threshold: 1,
    unit: "", text: "at first", newest_text: "now",
  };
  return { ...NONE, active: [alarm] };
}

describe("a light of the header", () => {
  it("is good only while pushes are accepted", () => {
    expect(platformLight(ANSWER, NONE)).toEqual({ known: true, trouble: "" });
    expect(platformLight({ ...ANSWER, accepted_at: null }, NONE).known).toBe(false);
    expect(platformLight(ANSWER, null).known).toBe(false);
    const silent = { ...ANSWER, silent_since: 9, silent_reason: "no_master", silent_text: "no master is known" };
    expect(platformLight(silent, NONE)).toEqual({ known: false, trouble: "" });
    expect(statisticsLight(silent, NONE)).toEqual({ known: false, trouble: "" });
  });

  it.each(["PacingRequestsFailed", "PacingResponseValidationError", "FencedPush"])("of the platform shows the alarm %s", (condition) => {
    expect(platformLight(ANSWER, raised(condition)).trouble).toBe("now");
    expect(statisticsLight(ANSWER, raised(condition)).trouble).toBe("");
    expect(readFileSync("../pacing_node/alarms/conditions.py", "utf8")).toContain(`"${condition}"`);
  });

  it("is no good light for an alarm that has no text", () => {
    const page = raised("FencedPush");
    page.active[0]!.newest_text = page.active[0]!.text = "";
    expect(platformLight(ANSWER, page).trouble).toBe("FencedPush");
  });

  it("shows the reason of a silence that is its own", () => {
    const silent = { ...ANSWER, silent_since: 9, silent_reason: "statistics_stale", silent_text: "all are stale" };
    expect(statisticsLight(silent, NONE).trouble).toBe("all are stale");
    expect(statisticsLight(ANSWER, raised("StatisticsStale")).trouble).toBe("now");
  });
});
