import { useEffect } from "preact/hooks";
import { type EventName, seen } from "./store";

/** Seconds between readings while no event says that there is something new. */
const POLL_SECONDS = 5;

/** Read while a view is shown: at once, at each of the events, and every few seconds. Nothing while nobody looks. */
export function useReadings(refresh: () => void, events: readonly EventName[], keys: readonly unknown[] = []): void {
  useEffect(() => {
    const read = () => !document.hidden && refresh();
    read();
    const ends = events.map((name) => onChange(name, read));
    const timer = setInterval(read, POLL_SECONDS * 1000);
    document.addEventListener("visibilitychange", read);
    return () => {
      for (const end of ends) end();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", read);
    };
  }, keys);
}

function onChange(name: EventName, read: () => void): () => void {
  let first = true;
  return seen[name].subscribe(() => {
    if (!first) read();
    first = false;
  });
}
