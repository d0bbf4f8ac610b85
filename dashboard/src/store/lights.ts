import type { Alarms, Answer } from "../api/model";

/** What a light of the header says: `trouble` is empty while there is none; `known` is false where nobody can say. */
export interface LightState {
  known: boolean;
  trouble: string;
}

/** Reasons of a silence and conditions of alarms that speak of the statistics, and of the platform. */
const STATISTICS = new Set(["statistics_stale", "StatisticsStale"]);
const PLATFORM = new Set([
  "platform_unreachable",
  "refused",
  "PacingRequestsFailed",
  "PacingResponseValidationError",
  "PacingResponseTargetError",
  "FencedPush",
]);

/** Whether the laws have current statistics. */
export const statisticsLight = (newest: Answer, raised: Alarms | null) => light(newest, raised, STATISTICS);
/** Whether the platform accepts pushes. */
export const platformLight = (newest: Answer, raised: Alarms | null) => light(newest, raised, PLATFORM);

/** Never good by silence alone: that nothing is pushed for another reason says nothing of the platform. */
function light(newest: Answer, raised: Alarms | null, about: ReadonlySet<string>): LightState {
  const silent = newest.silent_reason !== null && about.has(newest.silent_reason) ? newest.silent_text : "";
  const alarm = raised?.active.find((each) => about.has(each.condition));
  const pushing = newest.silent_since === null && newest.accepted_at !== null;
  return { known: raised !== null && pushing, trouble: silent || (alarm ? alarm.newest_text || alarm.condition : "") };
}
