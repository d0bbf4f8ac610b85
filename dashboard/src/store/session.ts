import { computed } from "@preact/signals";
import { type ApiError, exchange, getJson } from "../api/client";
import { Resource } from "./resource";

/** Who asks, and what they may do. */
export interface Session {
  name: string | null;
  role: string | null;
  session: boolean;
  csrf: string | null;
  orders: string[];
  ends_after_seconds: number | null;
}

const AGAIN_SECONDS = 60;

export const session = new Resource((abort) => getJson<Session>("api/v1/session", abort));

/** Orders that may be given: what is not here is not offered. */
export const allowed = computed(() => new Set(session.reading.value?.value.orders ?? []));

/** Whether the node wants a proof before it shows anything. */
export const locked = computed(() => {
  const known = session.reading.value;
  return known !== null && known.value.role === null;
});

/** Know who asks, and learn when a token was revoked or its role changed. */
export function startSession(): void {
  void session.refresh();
  setInterval(() => !document.hidden && void session.refresh(), AGAIN_SECONDS * 1000);
}

/** Show a token once; the node gives a cookie that no script can read. Raises ApiError. */
export async function begin(token: string): Promise<void> {
  await exchange("api/v1/session", jsonBody("POST", { token }));
  await session.refresh();
}

/** Forget who asks. */
export async function end(): Promise<void> {
  await exchange("api/v1/session", { method: "DELETE", headers: proof() });
  await session.refresh();
}

/** The header by which the node knows that its own page asks. */
export function proof(): Record<string, string> {
  const csrf = session.value?.csrf;
  return csrf ? { "X-CSRF-Token": csrf } : {};
}

/** A request with JSON, proved. */
export function jsonBody(method: string, body: unknown, more: Record<string, string> = {}): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...proof(), ...more } };
}

export type { ApiError };
