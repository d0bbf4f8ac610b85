import { computed, signal } from "@preact/signals";
import { getJson, onContact, ROOT } from "../api/client";
import { EventStream } from "../api/events";
import { Failover, otherAddresses, probe } from "../api/failover";
import type { Alarms, Answer, Cluster } from "../api/model";
import { now, startClock } from "./clock";
import { Resource } from "./resource";

/** Seconds between readings of what the header shows while the event stream tells of changes, and while it does not. */
const HEADER_SECONDS = 2;
const HEADER_SECONDS_WITHOUT_STREAM = 0.5;
const EVENTS = ["cycle", "leadership", "alarm", "configuration", "hold", "resync"] as const;
export type EventName = (typeof EVENTS)[number];

export const cluster = new Resource((abort) => getJson<Cluster>("api/v1/cluster", abort));
export const alarms = new Resource((abort) => getJson<Alarms>("api/v1/alarms", abort));

/** Whether the event stream is open. */
export const streaming = signal(false);
/** The page's clock when a node last answered anything, and whether the newest exchange failed. */
const answeredAt = signal(performance.now());
export const failing = signal(false);

/** Counts events by name; views read it to know that something new can be read. */
export const seen = Object.fromEntries(EVENTS.map((name) => [name, signal(0)])) as Record<
  EventName,
  ReturnType<typeof signal<number>>
>;

/** Seconds since a node answered. */
export const unansweredSeconds = computed(() => Math.max(0, (now.value - answeredAt.value) / 1000));
/** Seconds since the header's readings were made. */
export const headerAgeSeconds = computed(() => {
  const reading = cluster.reading.value;
  return reading ? Math.max(0, (now.value - reading.receivedAt) / 1000) : Number.POSITIVE_INFINITY;
});
/** The newest word on how current the cycle is. */
export const newest = computed<Answer | null>(() => cluster.value);

/** Age of the newest cycle now: what the node said, and the time since. */
export function cycleAgeSeconds(answer: Answer, receivedAt: number): number | null {
  return answer.age_seconds === null ? null : answer.age_seconds + Math.max(0, (now.value - receivedAt) / 1000);
}

const failover = new Failover({
  others: () => {
    const page = cluster.value;
    return page ? otherAddresses(page.members, page.answered_by, location) : [];
  },
  alive: (address) => probe(address === "" ? ROOT : new URL(`${address}/`)),
  move: (address) => location.replace(`${address}/dashboard/${location.hash}`),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

const stream = new EventStream(new URL("api/v1/events", ROOT).href, EVENTS, {
  event: (name) => onEvent(name as EventName),
  opened: () => {
    streaming.value = true;
    refreshHeader();
  },
  lost: () => {
    streaming.value = false;
    void failover.suspect();
  },
});

function onEvent(name: EventName): void {
  answeredAt.value = performance.now();
  // Some events are missing: everything may have changed.
  const changed = name === "resync" ? EVENTS : [name];
  for (const each of changed) seen[each].value = (seen[each].peek() ?? 0) + 1;
  if (name === "alarm" || name === "resync") void alarms.refresh();
  if (name !== "cycle") void cluster.refresh();
}

function refreshHeader(): void {
  void cluster.refresh();
  void alarms.refresh();
}

/** Begin to read; returns what ends it. Nothing is read while nobody looks. */
export function startStore(): () => void {
  onContact((answered) => {
    failing.value = !answered;
    if (answered) answeredAt.value = performance.now();
    else void failover.suspect();
  });
  const stopClock = startClock();
  let timer = setTimeout(readHeader, 0);
  function readHeader(): void {
    if (!document.hidden) refreshHeader();
    timer = setTimeout(readHeader, (streaming.value ? HEADER_SECONDS : HEADER_SECONDS_WITHOUT_STREAM) * 1000);
  }
  const seenAgain = () => !document.hidden && refreshHeader();
  document.addEventListener("visibilitychange", seenAgain);
  stream.start();
  return () => {
    stopClock();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seenAgain);
    stream.stop();
  };
}
