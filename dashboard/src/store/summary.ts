import { getJson } from "../api/client";
import type { Abandonment, NeedingTargets, OverviewPage } from "../api/model";
import { Resource } from "./resource";

/** The whole service in a few numbers. */
export interface Summary {
  targets: number;
  allowedPerMinute: number | null;
  ready: number | null;
  busy: number | null;
  waiting: number | null;
  pending: number | null;
  reasons: Record<string, number>;
  /** Targets that are allowed no invitation, by reason; null where the node does not say. */
  without: Record<string, number> | null;
  /** Targets that need somebody; null where the node does not say. */
  needing: NeedingTargets | null;
  abandonment: Abandonment;
  goalPercent: number | null;
}

export const summary = new Resource(async (abort) => summed(await getJson<OverviewPage>("api/v1/overview", abort)));

/** Invitations as a rate; null where nothing is known, which is not zero. */
export function summed(page: OverviewPage): Summary {
  const { invitations, ready, busy, waiting, pending } = page.totals;
  const perMinute = page.interval_seconds ? 60 / page.interval_seconds : null;
  return {
    targets: page.targets,
    allowedPerMinute: invitations === null || perMinute === null ? null : invitations * perMinute,
    ready,
    busy,
    waiting,
    pending,
    reasons: page.reasons,
    without: page.without_invitations ?? null,
    needing: page.needing ?? null,
    abandonment: page.abandonment,
    goalPercent: page.goal_percent,
  };
}
