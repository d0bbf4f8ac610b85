import type { Answer, Cluster, Hold } from "../api/model";

export type PacingWord = "PACING" | "SILENT" | "PAUSED" | "STOPPED" | "FAILSAFE" | "UNKNOWN";

/** What the header says first. */
export interface PacingState {
  word: PacingWord;
  /** How long it has been so, in seconds; null where that is no question. */
  seconds: number | null;
  /** Why, in words; empty where there is nothing to explain. */
  why: string;
  /** States that hold beside it. */
  beside: PacingWord[];
}

/** Reading older than this many seconds say nothing of now. */
export const LOST_AFTER_SECONDS = 8;

/**
 * What is true now, by what was read `agoSeconds` ago. Nothing is called PACING that is not known to pace: with readings
 * too old it is UNKNOWN. The states that keep invitations from going out come before those that only may.
 */
export function pacingState(
  cluster: Cluster | null,
  newest: Answer | null,
  stop: Hold | null,
  agoSeconds: number,
  unixSeconds: number,
): PacingState {
  if (!cluster || !newest) return { word: "UNKNOWN", seconds: null, why: "nothing has been read yet", beside: [] };
  if (agoSeconds > LOST_AFTER_SECONDS) {
    return { word: "UNKNOWN", seconds: agoSeconds, why: "no node answers this page", beside: [] };
  }
  const found: PacingState[] = [];
  const say = (word: PacingWord, seconds: number | null, why: string) => found.push({ word, seconds, why, beside: [] });
  if (stop) say("STOPPED", unixSeconds - stop.since, `${stop.why} (${stop.by})`);
  const silent = newest.silent_since !== null;
  if (cluster.paused) {
    const until = `by ${cluster.paused.by}${silent ? `; ${newest.silent_text}` : "; the master goes on, nobody takes over"}`;
    say("PAUSED", unixSeconds - cluster.paused.began_at, until);
  }
  if (silent) say("SILENT", unixSeconds - (newest.silent_since ?? unixSeconds), newest.silent_text);
  if (cluster.members.some((member) => member.state === "failsafe")) {
    say("FAILSAFE", null, "ZooKeeper cannot be reached; the master goes on by the promises of the other members");
  }
  const first = found[0];
  if (!first) return { word: "PACING", seconds: null, why: "", beside: [] };
  return { ...first, beside: found.slice(1).map((each) => each.word) };
}
