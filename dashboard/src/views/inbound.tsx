import { useMemo } from "preact/hooks";
import { getJson } from "../api/client";
import type { Channel } from "../api/model";
import { number, share } from "../components/format";
import { Fresh } from "../components/stale";
import { groups } from "../store/groups";
import { useReadings } from "../store/polling";
import { Resource } from "../store/resource";
import { OLD_SECONDS } from "./overview";

/** What visitors' pages are told about inbound traffic. */
export function InboundView() {
  useReadings(() => void groups.refresh(), ["configuration"]);
  const channels = groups.value?.channels ?? [];
  return (
    <>
      <h1>Inbound</h1>
      <Fresh of={groups} limitSeconds={OLD_SECONDS}>
        {groups.value && !channels.length && <p>No target has a channel yet.</p>}
        {channels.map((channel) => <OneChannel key={channel} name={channel} />)}
      </Fresh>
    </>
  );
}

function OneChannel({ name }: { name: string }) {
  const channel = useMemo(
    () => new Resource((abort) => getJson<Channel>(`api/v1/channels/${encodeURIComponent(name)}`, abort)),
    [name],
  );
  useReadings(() => void channel.refresh(), ["cycle", "configuration"], [channel]);
  const page = channel.value;
  return (
    <section aria-labelledby={`channel-${name}`}>
      <h2 id={`channel-${name}`}>{name}</h2>
      <Fresh of={channel} limitSeconds={OLD_SECONDS}>
        {page && (
          <>
            <div class="cards">
              <div class="card"><span class="label">inbound traffic let in</span><span class="value">{share(page.reactive_state)}</span></div>
              <div class="card"><span class="label">capacity</span><span class="value">{number(page.capacity)}</span></div>
              <div class="card"><span class="label">targets</span><span class="value">{number(page.targets)}</span></div>
            </div>
            <p>{page.advice}</p>
            <ByGroup page={page} />
          </>
        )}
      </Fresh>
    </section>
  );
}

function ByGroup({ page }: { page: Channel }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Groups of ${page.channel}`}>
      <table>
        <thead><tr><th>group</th><th class="right">let in</th><th>share</th><th class="right">capacity</th><th class="right">targets</th></tr></thead>
        <tbody>
          {page.groups.map((group) => (
            <tr key={group.group}>
              <th scope="row">{group.group}</th>
              <td class="right">{share(group.reactive_state)}</td>
              <td class="track" aria-hidden="true"><span class="gain" style={{ left: "0", width: `${100 * group.reactive_state}%` }} /></td>
              <td class="right">{number(group.capacity)}</td>
              <td class="right">{number(group.targets)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
