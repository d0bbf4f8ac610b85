import { computed } from "@preact/signals";
import { getJson } from "../api/client";
import type { Reasons } from "../api/model";
import { Resource } from "./resource";

/** What the words mean; they change with the version of the node only. */
export const reasons = new Resource((abort) => getJson<Reasons>("api/v1/reasons", abort));

/** Meanings by word. */
export const meanings = computed(() => {
  const page = reasons.reading.value?.value;
  const all = page ? [...page.targets, ...page.silence, ...page.ends, ...page.findings] : [];
  return new Map(all.map((each) => [each.code, each.meaning]));
});
