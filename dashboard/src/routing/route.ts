import { computed, signal } from "@preact/signals";

/** The views, in the order of the navigation. */
export const VIEWS = ["overview", "targets", "cluster", "health", "configuration", "inbound", "api"] as const;
export type ViewName = (typeof VIEWS)[number];

/** Where the page is: `#/targets`, `#/targets/Sales%20-%20chat`, `#/targets?reason=warming_up`. */
export interface Route {
  view: ViewName;
  /** What follows the view, decoded; empty for the view itself. */
  item: string;
  query: URLSearchParams;
}

/** Reads a fragment; an unknown view is the overview. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first = "", ...rest] = path.split("/");
  const view = VIEWS.find((name) => name === first) ?? "overview";
  return { view, item: view === first ? decoded(rest.join("/")) : "", query: new URLSearchParams(query) };
}

/** The fragment of a route, for links. */
export function href(view: ViewName, item = "", query: Record<string, string> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const tail = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${view}${item ? `/${encodeURIComponent(item)}` : ""}${tail}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const hash = signal(globalThis.location?.hash ?? "");
/** Where the page is now. */
export const route = computed(() => parseRoute(hash.value));

/** Follow the address line. */
export function startRouting(): void {
  globalThis.addEventListener("hashchange", () => {
    hash.value = location.hash;
  });
}

/** Change the query of the view without an entry in the browser's history for every key pressed. */
export function replaceQuery(query: Record<string, string>): void {
  const next = href(route.value.view, route.value.item, query);
  history.replaceState(null, "", next);
  hash.value = next;
}
