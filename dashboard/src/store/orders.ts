import { computed } from "@preact/signals";
import { exchange } from "../api/client";
import type { Hold } from "../api/model";
import { jsonBody } from "./session";
import { cluster } from "./store";

/** One order as the API takes it: its name in the document, where it goes, what it says. */
export interface Order {
  operation: string;
  path: string;
  method: "POST" | "PUT" | "DELETE";
  body: Record<string, unknown>;
  ifMatch?: string;
}

const ORDER_MS = 30_000;

/**
 * Gives an order. The key makes a repetition of the same order no second one: it is made once per question that was
 * confirmed. Raises ApiError.
 */
export async function give(order: Order, key: string): Promise<unknown> {
  const headers = { "Idempotency-Key": key, ...(order.ifMatch ? { "If-Match": order.ifMatch } : {}) };
  const answer = await exchange(order.path, jsonBody(order.method, order.body, headers), ORDER_MS);
  return answer.status === 204 ? null : answer.json();
}

/** The emergency stop in force; null without one. */
export const emergencyStop = computed<Hold | null>(() => cluster.reading.value?.value.stopped ?? null);
