import { computed } from "@preact/signals";
import { ApiError, exchange } from "../api/client";
import type { Hold } from "../api/model";
import { jsonBody } from "./session";
import { cluster } from "./store";

/** One order as the API takes it: its name in the document, where it goes, what it says. */
export interface Order {
  operation: string;
  path: string;
  method: "POST" | "PUT" | "DELETE";
  body: Record<string, unknown>;
  /** Parts of the body that nodes of earlier versions do not know, and that the order can do without. */
  newer?: readonly string[];
  ifMatch?: string;
}

const ORDER_MS = 30_000;
/** What nodes of every version say of a part of a body that they do not know, and where. */
const UNKNOWN = "Extra inputs are not permitted";
const BODY = "body.";

/**
 * Gives an order. The key makes a repetition of the same order no second one: it is made once per question that was
 * confirmed. Raises ApiError.
 *
 * While a cluster is upgraded, or behind a balancer, the node that takes the order may be of an earlier version than
 * the page: it refuses what it does not know, by name, and has done nothing. It is then asked as that version is.
 */
export async function give(order: Order, key: string): Promise<unknown> {
  const headers = { "Idempotency-Key": key, ...(order.ifMatch ? { "If-Match": order.ifMatch } : {}) };
  const send = (body: Order["body"]) => exchange(order.path, jsonBody(order.method, body, headers), ORDER_MS);
  const answer = await send(order.body).catch((error: unknown) => {
    const unknown = unknownParts(error);
    if (!unknown.length || !unknown.every((part) => order.newer?.includes(part))) throw error;
    return send(Object.fromEntries(Object.entries(order.body).filter(([part]) => !unknown.includes(part))));
  });
  return answer.status === 204 ? null : answer.json();
}

/** Parts of a body that a node refused because it does not know them; none when it refused anything else. */
function unknownParts(error: unknown): string[] {
  if (!(error instanceof ApiError) || error.status !== 422) return [];
  const { errors = [] } = (error.body ?? {}) as { errors?: { place: string; allowed: string }[] };
  const parts = errors.filter((each) => each.allowed === UNKNOWN && each.place.startsWith(BODY));
  return parts.length === errors.length ? parts.map((each) => each.place.slice(BODY.length)) : [];
}

/** The emergency stop in force; null without one. */
export const emergencyStop = computed<Hold | null>(() => cluster.reading.value?.value.stopped ?? null);
