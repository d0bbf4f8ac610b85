import type { Target } from "../api/model";
import { number } from "./format";

/** A part of the sum: what it adds to or takes from the slots that become free. */
export interface Part {
  label: string;
  value: number;
  note: string;
}

/**
 * The sum behind a number, as `pacing explain` writes it: slots that are free soon, less the visitors who wait and those
 * the invitations already out will bring. Null where the law did not know enough.
 */
export function sumParts(target: Target): Part[] | null {
  const { acceptance_ratio: ratio, handle_seconds: handle, disposition_seconds: disposition } = target.estimates;
  const { ready, busy, waiting, pending } = target;
  if ([ready, busy, waiting, pending, ratio, handle, disposition].some((each) => each === null || each === undefined)) return null;
  if (!(handle! > 0 && disposition! > 0)) return null;
  const freed = busy! * -Math.expm1(-disposition! / handle!);
  return [
    { label: "ready now", value: ready!, note: "slots agents would be given now" },
    { label: "free soon", value: freed, note: `of ${number(busy, 1)} busy, within ${number(disposition, 1)} s` },
    { label: "waiting", value: -waiting!, note: "visitors who accepted already" },
    { label: "on the way", value: -pending! * ratio!, note: `${number(pending)} invitations out, ${number(100 * ratio!)} % accepted` },
  ];
}

/** The sum as steps of a bar, each beginning where the one before ended. */
export function ExplainSum({ target }: { target: Target }) {
  const parts = sumParts(target);
  if (!parts) return <p class="quiet">The law did not know enough for a sum; the reason says why.</p>;
  const steps = cumulated(parts);
  const low = Math.min(0, ...steps.map((step) => step.from), ...steps.map((step) => step.to));
  const high = Math.max(1, ...steps.map((step) => step.from), ...steps.map((step) => step.to));
  const left = (value: number) => (100 * (value - low)) / (high - low);
  const room = steps[steps.length - 1]?.to ?? 0;
  return (
    <table class="sum">
      <caption>Room for visitors before the law's caution: {number(room, 1)}; allowed: {number(target.invitations)} invitations</caption>
      <tbody>
        {steps.map(({ part, from, to }) => (
          <tr key={part.label}>
            <th scope="row">{part.label}<small>{part.note}</small></th>
            <td class="right">{signed(part.value)}</td>
            <td class="track" aria-hidden="true">
              <span class="zero" style={{ left: `${left(0)}%` }} />
              <span class={part.value >= 0 ? "gain" : "loss"} hidden={part.value === 0} style={{ left: `${left(Math.min(from, to))}%`, width: `${Math.max(0.5, Math.abs(left(to) - left(from)))}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function signed(value: number): string {
  const shown = number(Math.abs(value), 1);
  if (shown === "0") return shown;
  return `${value > 0 ? "+" : "−"}${shown}`;
}

function cumulated(parts: readonly Part[]): { part: Part; from: number; to: number }[] {
  let at = 0;
  return parts.map((part) => {
    const from = at;
    at += part.value;
    return { part, from, to: at };
  });
}
