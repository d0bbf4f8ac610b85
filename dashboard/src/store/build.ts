import { computed, signal } from "@preact/signals";
import { onServed } from "../api/client";

/** The dashboard this page is part of: the one its node served when it first answered. */
const own = signal("");
const newest = signal("");

/** Whether the node now serves another dashboard than this page is of: it was upgraded, or put back. */
export const otherServed = computed(() => own.value !== newest.value);

/** Told of the dashboard that an answer is from. */
export function seenBuild(build: string): void {
  if (own.peek() === "") own.value = build;
  newest.value = build;
}

/** Learn from every answer which dashboard its node serves. */
export function startBuild(): void {
  onServed(seenBuild);
}
