import type { Target, TargetsPage } from "../api/model";
import { getJson } from "../api/client";
import { AbandonmentTable } from "../components/abandonment";
import { number, words } from "../components/format";
import { Fresh } from "../components/stale";
import { href } from "../routing/route";
import { useReadings } from "../store/polling";
import { meanings } from "../store/reasons";
import { Resource } from "../store/resource";
import { summary } from "../store/summary";

/** Seconds after which the numbers of a view are grey. */
export const OLD_SECONDS = 12;
const SHOWN = 8;
const FIELDS = "&fields=reason&fields=waiting&fields=invitations&fields=error&fields=hold";

/** Targets with the most visitors waiting, and those the platform refused: whoever is there first needs somebody. */
const needing = new Resource((abort) =>
  getJson<TargetsPage>(`api/v1/targets?sort=waiting&descending=true&limit=50${FIELDS}`, abort),
);

/** How the whole service does now. */
export function OverviewView() {
  useReadings(() => {
    void summary.refresh();
    void needing.refresh();
  }, ["cycle", "hold", "configuration"]);
  const page = summary.value;
  return (
    <>
      <h1>Overview</h1>
      <Fresh of={summary} limitSeconds={OLD_SECONDS}>
        {page && (
          <div class="cards">
            <Card label="allowed per minute" value={number(page.allowedPerMinute)} />
            <Card label="waiting" value={number(page.waiting)} />
            <Card label="busy" value={number(page.busy)} />
            <Card label="ready" value={number(page.ready)} />
            <Card label="pending invitations" value={number(page.pending)} />
            <Card label="targets" value={number(page.targets)} />
          </div>
        )}
        {page && <AbandonmentTable found={page.abandonment} goalPercent={page.goalPercent} />}
        {page && <Reasons counts={page.reasons} total={page.targets} />}
      </Fresh>
      <h2>Targets that need somebody</h2>
      <Fresh of={needing} limitSeconds={OLD_SECONDS}>
        <Needing targets={needing.value?.targets ?? []} />
      </Fresh>
    </>
  );
}

function Card({ label, value }: { label: string; value: string }) {
  return <div class="card"><span class="label">{label}</span><span class="value">{value}</span></div>;
}

/** Targets by what limited their number, the most frequent first. */
function Reasons({ counts, total }: { counts: Record<string, number>; total: number }) {
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return (
    <table class="reasons">
      <caption>Targets by what limits them</caption>
      <tbody>
        {sorted.map(([reason, count]) => (
          <tr key={reason}>
            <th scope="row"><a href={href("targets", "", { reason })} title={meanings.value.get(reason) ?? ""}>{words(reason)}</a></th>
            <td class="right">{number(count)}</td>
            <td class="track" aria-hidden="true"><span class="gain" style={{ left: "0", width: `${(100 * count) / Math.max(1, total)}%` }} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const TROUBLED = new Set(["statistics_stale", "goal_infeasible", "input_implausible", "abandonment_over_goal"]);

/** Why a person should look at a target; empty when nobody needs to. */
export function need(target: Pick<Target, "error" | "hold" | "reason" | "waiting" | "invitations">): string {
  if (target.error) return `the platform refuses it: ${target.error}`;
  if (target.hold && !target.hold.everything) return `held by ${target.hold.by}: ${target.hold.why}`;
  if (target.reason && TROUBLED.has(target.reason)) return words(target.reason);
  return (target.waiting ?? 0) > 0 && target.invitations === 0 ? `${number(target.waiting)} wait, ${words(target.reason)}` : "";
}

function Needing({ targets }: { targets: Target[] }) {
  const troubled = targets.map((target) => ({ target, why: need(target) })).filter((each) => each.why !== "");
  if (!troubled.length) return <p>None among those with most visitors waiting.</p>;
  return (
    <ul class="needing">
      {troubled.slice(0, SHOWN).map(({ target, why }) => (
        <li key={target.name}><a href={href("targets", target.name)}>{target.name}</a> <span>{why}</span></li>
      ))}
    </ul>
  );
}
