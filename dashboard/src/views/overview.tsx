import { AbandonmentTable } from "../components/abandonment";
import { number, words } from "../components/format";
import { Fresh } from "../components/stale";
import { href } from "../routing/route";
import { useReadings } from "../store/polling";
import { meanings } from "../store/reasons";
import { type Summary, summary } from "../store/summary";

/** Seconds after which the numbers of a view are grey. */
export const OLD_SECONDS = 12;

/** How the whole service does now. */
export function OverviewView() {
  useReadings(() => void summary.refresh(), ["cycle", "hold", "configuration"]);
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
        {page && <Reasons counts={page.reasons} without={page.without} total={page.targets} />}
        <h2>Targets that need somebody</h2>
        {page && <Needing found={page.needing} />}
      </Fresh>
    </>
  );
}

function Card({ label, value }: { label: string; value: string }) {
  return <div class="card"><span class="label">{label}</span><span class="value">{value}</span></div>;
}

/** Targets by what limited their number, the most frequent first, and how many of them are allowed no invitation. */
function Reasons({ counts, without, total }: { counts: Record<string, number>; without: Summary["without"]; total: number }) {
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return (
    <table class="reasons">
      <caption>Targets by what limits them</caption>
      <thead><tr><th>limited by</th><th class="right">targets</th><th class="right">no invitation</th><th class="track">share</th></tr></thead>
      <tbody>
        {sorted.map(([reason, count]) => (
          <tr key={reason}>
            <th scope="row"><a href={href("targets", "", { reason })} title={meanings.value.get(reason) ?? ""}>{words(reason)}</a></th>
            <td class="right">{number(count)}</td>
            <td class="right">{number(without && (without[reason] ?? 0))}</td>
            <td class="track" aria-hidden="true"><span class="gain" style={{ left: "0", width: `${(100 * count) / Math.max(1, total)}%` }} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Needing({ found }: { found: Summary["needing"] }) {
  if (!found) return <p class="quiet">The node that answers is of an earlier version and does not say.</p>;
  if (found.total === null) return <p class="quiet">No cycle has calculated yet.</p>;
  if (!found.total) return <p>None.</p>;
  const more = found.total - found.targets.length;
  return (
    <>
      <ul class="needing">
        {found.targets.map(({ name, why }) => <li key={name}><a href={href("targets", name)}>{name}</a> <span>{why}</span></li>)}
      </ul>
      {more > 0 && <p>And {number(more)} more.</p>}
    </>
  );
}
