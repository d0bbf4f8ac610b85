import { getJson } from "../api/client";
import type { TargetsPage } from "../api/model";
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
}

/** One row only: the node has summed up all of them. */
export const summary = new Resource(async (abort) => summed(await getJson<TargetsPage>("api/v1/targets?limit=1&fields=reason", abort)));

/** Invitations as a rate; null where nothing is known, which is not zero. */
export function summed(page: TargetsPage): Summary {
  const { invitations, ready, busy, waiting, pending } = page.totals;
  const perMinute = page.interval_seconds ? 60 / page.interval_seconds : null;
  return {
    targets: page.matched,
    allowedPerMinute: invitations === null || perMinute === null ? null : invitations * perMinute,
    ready,
    busy,
    waiting,
    pending,
    reasons: page.reasons,
  };
}
