import { signal } from "@preact/signals";

/** Monotonic milliseconds, moved on every half second: what ages on the page is drawn anew by it. */
export const now = signal(performance.now());

/** Let the clock run; returns what stops it. */
export function startClock(): () => void {
  const timer = setInterval(() => {
    now.value = performance.now();
  }, 500);
  return () => clearInterval(timer);
}
