import type { Hold } from "../api/model";
import { OrderButton } from "./order_button";

/** Minutes as the API wants them: seconds, or nothing for no end. */
export function seconds(minutes: string): number | null {
  return minutes === "" ? null : Number(minutes) * 60;
}

/** Holds a target at no invitations, or releases it. */
export function HoldButton({ target, hold }: { target: string; hold: Hold | null }) {
  const path = `api/v1/targets/${encodeURIComponent(target)}/hold`;
  if (hold && !hold.everything) {
    return (
      <OrderButton
        operation="releaseTarget"
        label="release"
        question={`Release ${target}?`}
        harm="Invitations go out again from the next cycle on."
        order={(why) => ({ method: "DELETE", path, body: { why } })}
      />
    );
  }
  return (
    <OrderButton
      operation="holdTarget"
      label="hold"
      question={`Hold ${target}?`}
      harm="No invitation goes out for it from the next cycle on, whoever is master."
      fields={[{ name: "minutes", label: "minutes (empty: until released)" }]}
      order={(why, values) => ({ method: "PUT", path, body: { why, seconds: seconds(values.minutes ?? "") } })}
    />
  );
}
