import type { ComponentChildren } from "preact";
import type { Resource } from "../store/resource";
import { now } from "../store/clock";
import { duration } from "./format";

/** Seconds since something was read; Infinity before the first time. */
export function ageOf(resource: Resource<unknown>): number {
  const reading = resource.reading.value;
  return reading ? Math.max(0, (now.value - reading.receivedAt) / 1000) : Number.POSITIVE_INFINITY;
}

/**
 * What was read, with its age: grey and marked as old when the reading is older than `limitSeconds`, and the error of
 * the newest attempt beside it. Everything with a number on the page stands in one of these.
 */
export function Fresh({ of, limitSeconds, children }: { of: Resource<unknown>; limitSeconds: number; children: ComponentChildren }) {
  const age = ageOf(of);
  const error = of.error.value;
  const old = age > limitSeconds;
  const known = Number.isFinite(age);
  return (
    <div class={old && known ? "fresh old" : "fresh"} data-old={old}>
      {error && <p class="trouble" role="status">{error.message}</p>}
      {old && known && <p class="age" role="status">These numbers are {duration(age)} old.</p>}
      {!known && !error && <p class="loading">Reading …</p>}
      {known && children}
    </div>
  );
}
