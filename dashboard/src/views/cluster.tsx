import type { Cluster, Member } from "../api/model";
import { duration, moment, number, words } from "../components/format";
import { ClusterOrders } from "../components/cluster_orders";
import { Fresh } from "../components/stale";
import { Timeline } from "../components/timeline";
import { now } from "../store/clock";
import { useReadings } from "../store/polling";
import { meanings } from "../store/reasons";
import { cluster } from "../store/store";
import { OLD_SECONDS } from "./overview";

/** Who is there, who leads, who led. */
export function ClusterView() {
  useReadings(() => void cluster.refresh(), ["leadership", "configuration"]);
  const page = cluster.value;
  const unix = Date.now() / 1000 + 0 * now.value;
  return (
    <>
      <h1>Cluster {page?.cluster ?? ""}</h1>
      <Fresh of={cluster} limitSeconds={OLD_SECONDS}>
        {page && (
          <>
            <Warnings page={page} />
            <ClusterOrders page={page} />
            <h2>Members</h2>
            <Members page={page} unix={unix} />
            <h2>Terms</h2>
            {page.history_unavailable
              ? <p class="trouble">The terms cannot be read now: {page.history_unavailable}</p>
              : <Timeline terms={page.history} nowSeconds={unix} meanings={meanings.value} />}
          </>
        )}
      </Fresh>
    </>
  );
}

function Warnings({ page }: { page: Cluster }) {
  const versions = new Set(page.members.filter((member) => member.version).map((member) => member.version));
  return (
    <ul class="warnings">
      {[...page.broken, ...page.warnings].map((each) => <li key={each}>{each}</li>)}
      {versions.size > 1 && <li>The members run different versions: {[...versions].sort().join(", ")}.</li>}
      {page.members.filter((member) => member.restart_needed?.length).map((member) => (
        <li key={member.name}>Options take effect at the next start of {member.name}: {member.restart_needed?.join(", ")}.</li>
      ))}
      {page.paused && <li>Paused by {page.paused.by} since {moment(page.paused.began_at)}, until {moment(page.paused.until)}.</li>}
    </ul>
  );
}

function Members({ page, unix }: { page: Cluster; unix: number }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Members">
      <table>
        <thead>
          <tr>
            <th>member</th><th>role</th><th>state</th><th class="right">epoch</th><th class="right">lease left</th><th>ZooKeeper</th>
            <th class="right">newest record</th><th class="right">clock</th><th>version</th><th>up for</th><th>pages</th>
          </tr>
        </thead>
        <tbody>{page.members.map((member) => <Row key={member.name} member={member} page={page} unix={unix} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ member, page, unix }: { member: Member; page: Cluster; unix: number }) {
  const record = member.last_record;
  return (
    <tr class={member.reachable ? "" : "bad"}>
      <th scope="row">{member.name}{member.name === page.answered_by && <small> (this page)</small>}</th>
      <td>{member.role ?? "–"}</td>
      <td title={member.error ?? ""}>{member.reachable ? words(member.state) : `not reachable: ${member.error ?? ""}`}</td>
      <td class="right">{member.epoch}</td>
      <td class="right">{member.role === "master" ? duration(member.lease_left_seconds) : "–"}</td>
      <td>{member.zookeeper ?? "–"}</td>
      <td class="right">{record ? `${record.epoch}.${record.sequence}` : "–"}</td>
      <td class="right" title={member.clock ? `measured ${moment(member.clock.measured_at)}, ± ${duration(member.clock.uncertainty_seconds)}` : ""}>{clockText(member)}</td>
      <td>{member.version}</td>
      <td>{member.started_at ? duration(unix - member.started_at) : "–"}</td>
      <td>{member.http ? <a href={`${location.protocol}//${member.http}/`}>{member.http}</a> : "–"}</td>
    </tr>
  );
}

/** How far a member's clock is ahead of the answering node's: "+0.12 s ± 0.01 s"; a dash where nobody knows. */
export function clockText({ clock }: Pick<Member, "clock">): string {
  if (!clock) return "–";
  const sign = clock.offset_seconds < 0 ? "−" : "+";
  return `${sign}${number(Math.abs(clock.offset_seconds), 3)} s ± ${number(clock.uncertainty_seconds, 3)} s`;
}
