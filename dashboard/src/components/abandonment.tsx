import type { Abandonment, AbandonedShare } from "../api/model";
import { moment, number, percent } from "./format";

const TIMES = [
  ["now", "the last five minutes"],
  ["hour", "the last hour"],
  ["today", "since midnight, by the node's time zone"],
] as const;

/** Abandonment now, in the last hour and today, against the goal. */
export function AbandonmentTable({ found, goalPercent }: { found: Abandonment; goalPercent: number | null }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Abandonment">
    <table class="abandonment">
      <caption>Abandonment{goalPercent !== null && `; the goal is ${percent(goalPercent)}`}</caption>
      <thead><tr><th></th><th class="right">share</th><th class="right">abandoned</th><th class="right">accepted</th><th>counted from</th></tr></thead>
      <tbody>
        {TIMES.map(([time, meaning]) => <Row key={time} name={time} meaning={meaning} share={found[time]} goalPercent={goalPercent} />)}
      </tbody>
    </table>
    </div>
  );
}

function Row({ name, meaning, share, goalPercent }: { name: string; meaning: string; share: AbandonedShare; goalPercent: number | null }) {
  const over = isOver(share, goalPercent);
  return (
    <tr class={over ? "bad" : ""}>
      <th scope="row" title={meaning}>{name}</th>
      <td class="right">{percent(share.percent)}{over && <span class="visually-hidden"> over the goal</span>}</td>
      <td class="right">{number(share.abandoned)}</td>
      <td class="right">{number(share.accepted)}</td>
      <td>{moment(share.since)}</td>
    </tr>
  );
}

/** Whether a share is known, and above the goal. */
export function isOver(share: AbandonedShare, goalPercent: number | null): boolean {
  return share.percent !== null && goalPercent !== null && share.percent > goalPercent;
}
