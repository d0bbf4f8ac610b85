import { describe, expect, it } from "vitest";
import { isOver } from "../src/components/abandonment";
import { sumParts } from "../src/components/explain_sum";
import { duration, moment, number, share } from "../src/components/format";
import { path } from "../src/components/sparkline";
import { bars, gaps } from "../src/components/timeline";
import { clockText } from "../src/views/cluster";
import { summed } from "../src/store/summary";
import { abandonment, overviewPage, target, term } from "./samples";

describe("the sum behind a number", () => {
  it("is what pacing explain writes", () => {
    const parts = sumParts(target());
    expect(parts?.map((part) => part.label)).toEqual(["ready now", "free soon", "waiting", "on the way"]);
    expect(parts?.[1]?.value).toBeCloseTo(10 * (1 - Math.exp(-0.5)));
    expect(parts?.[3]?.value).toBe(-2);
  });

  it("is none where something is not known", () => {
    expect(sumParts(target({ busy: null }))).toBeNull();
    expect(sumParts(target({ estimates: {} }))).toBeNull();
  });
});

describe("the overview", () => {
  it("has sums of the node, and a rate", () => {
    expect(summed(overviewPage())).toMatchObject({ allowedPerMinute: 288, waiting: 0, pending: null });
    expect(summed(overviewPage({ interval_seconds: null })).allowedPerMinute).toBeNull();
  });
});

describe("abandonment", () => {
  it("is over the goal when it is known and above it", () => {
    expect(isOver(abandonment(97, 3).hour, 3)).toBe(false);
    expect(isOver(abandonment(96, 4).hour, 3)).toBe(true);
    expect(isOver(abandonment(0, 0).hour, 3)).toBe(false);
    expect(isOver(abandonment(96, 4).hour, null)).toBe(false);
  });
});

describe("the clock of a member", () => {
  it("is shown with its sign and how sure that is, and as a dash where nobody knows", () => {
    expect(clockText({ clock: { offset_seconds: -0.25, uncertainty_seconds: 0.002, measured_at: 1 } })).toBe("−0.25 s ± 0.002 s");
    expect(clockText({ clock: null })).toBe("–");
  });
});

describe("the time line of terms", () => {
  it("has a gap where nobody was master, and ends now", () => {
    const terms = [
      term({ epoch: 2, node: "b", began_at: 1900 }),
      term({ epoch: 1, node: "a", began_at: 0, ended_at: 1800, cause: "process_died" }),
    ];
    const shown = bars(terms, 2000, 1000);
    expect(shown.map((bar) => [bar.term.node, bar.left, bar.width])).toEqual([["a", 0, 80], ["b", 90, 10]]);
    expect(gaps(shown)).toEqual([{ before: 2, left: 80, width: 10 }]);
  });

  it("leaves out what ended before", () => {
    expect(bars([term({ began_at: 0, ended_at: 10 })], 5000, 1000)).toEqual([]);
  });
});

describe("numbers for people", () => {
  it("never show what is not known as zero", () => {
    expect([number(null), number(Number.NaN), share(undefined), duration(null), moment(null)]).toEqual(["–", "–", "–", "–", "–"]);
    expect([number(0), share(0.5), duration(0.44), duration(71), duration(11_100)]).toEqual(["0", "50 %", "0.4 s", "71 s", "3 h 5 min"]);
  });

  it("leave a gap in a small line", () => {
    expect(path([1, null, 1, 1], 1).match(/M/g)).toHaveLength(2);
  });
});
