import type { Alarm, Alarms } from "../api/model";
import { Doctor } from "../components/doctor";
import { duration, moment, number, words } from "../components/format";
import { Fresh } from "../components/stale";
import { useReadings } from "../store/polling";
import { alarms } from "../store/store";
import { OLD_SECONDS } from "./overview";

/** What is wrong, who was told, and what the node finds when it examines itself. */
export function HealthView() {
  useReadings(() => void alarms.refresh(), ["alarm"]);
  const page = alarms.value;
  return (
    <>
      <h1>Health</h1>
      <Fresh of={alarms} limitSeconds={OLD_SECONDS}>
        {page && <><h2>Alarms</h2><Raised page={page} /><h2>Receivers of alarms</h2><Receivers page={page} /></>}
      </Fresh>
      <Doctor />
    </>
  );
}

function Raised({ page }: { page: Alarms }) {
  const beyond = Object.entries(page.withheld);
  return (
    <>
      {page.active.length === 0 && <p>No alarm is raised.</p>}
      <ul class="alarms">{page.active.map((alarm) => <Raise key={alarm.id} alarm={alarm} />)}</ul>
      {beyond.map(([condition, count]) => <p key={condition}>{number(count)} more of {words(condition)} are not shown one by one.</p>)}
    </>
  );
}

function Raise({ alarm }: { alarm: Alarm }) {
  return (
    <li class={`alarm ${alarm.severity.toLowerCase()}`}>
      <strong>{alarm.severity}</strong> {words(alarm.condition)}{alarm.object && `, ${alarm.object}`}
      <small> {alarm.scope}, raised {moment(alarm.raised_at)} by {alarm.raised_by}, {duration(Date.now() / 1000 - alarm.raised_at)} ago</small>
      <dl class="plain">
        <div><dt>at first</dt><dd>{alarm.text}</dd></div>
        {alarm.newest_text !== alarm.text && <div><dt>now</dt><dd>{alarm.newest_text}</dd></div>}
        <div><dt>value</dt><dd>{number(alarm.value, 2)} of {number(alarm.threshold, 2)} {alarm.unit}</dd></div>
      </dl>
    </li>
  );
}

function Receivers({ page }: { page: Alarms }) {
  if (!page.receivers.length) return <p>None is configured: alarms are seen here, in the log and in the metrics.</p>;
  return (
    <table>
      <thead><tr><th>receiver</th><th class="right">waiting</th><th class="right">delivered</th><th class="right">dropped</th><th>trouble</th></tr></thead>
      <tbody>
        {page.receivers.map((receiver) => (
          <tr key={receiver.name} class={receiver.trouble ? "bad" : ""}>
            <th scope="row">{receiver.name}</th>
            <td class="right">{number(receiver.waiting)}</td>
            <td class="right">{number(receiver.delivered)}</td>
            <td class="right">{number(receiver.dropped)}</td>
            <td>{receiver.trouble || "none"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
