import { getJson } from "../api/client";
import type { Target, TargetsPage } from "../api/model";
import { Resource } from "./resource";

/** The whole service in a few numbers. */
export interface Summary {
  targets: number;
  allowedPerMinute: number | null;
  ready: number | null;
  busy: number | null;
  waiting: number | null;
  pending: number | null;
  goalPercent: number | null;
  abandonment: { span: string; percent: number | null }[];
  reasons: Record<string, number>;
}

const FIELDS = ["invitations", "ready", "busy", "waiting", "pending", "goal_percent", "reason"].map((name) => `fields=${name}`).join("&");

export const summary = new Resource(async (abort) => summed(await getJson<TargetsPage>(`api/v1/targets?limit=10000&${FIELDS}`, abort)));

/** Sums of what is known; null where nothing is. */
export function summed(page: TargetsPage): Summary {
  const sum = (key: "invitations" | "ready" | "busy" | "waiting" | "pending") => total(page.targets, key);
  const allowed = sum("invitations");
  const perMinute = page.interval_seconds ? 60 / page.interval_seconds : null;
  const goals = page.targets.map((target) => target.goal_percent).filter((goal): goal is number => goal !== null && goal !== undefined);
  return {
    targets: page.matched,
    allowedPerMinute: allowed === null || perMinute === null ? null : allowed * perMinute,
    ready: sum("ready"),
    busy: sum("busy"),
    waiting: sum("waiting"),
    pending: sum("pending"),
    goalPercent: goals.length ? goals.reduce((a, b) => a + b, 0) / goals.length : null,
    abandonment: [],
    reasons: page.reasons,
  };
}

function total(targets: Target[], key: "invitations" | "ready" | "busy" | "waiting" | "pending"): number | null {
  const known = targets.map((target) => target[key]).filter((value): value is number => value !== null && value !== undefined);
  return known.length ? known.reduce((a, b) => a + b, 0) : null;
}
