import { getJson } from "../api/client";
import type { DoctorPage } from "../api/model";
import { useReadings } from "../store/polling";
import { Resource } from "../store/resource";
import { duration, moment, number } from "./format";
import { Fresh } from "./stale";

const diagnosis = new Resource((abort) => getJson<DoctorPage>("api/v1/doctor", abort));
const OLD_SECONDS = 12;
/** Worst first; what is well is listed apart. */
const ORDER = ["error", "warning", "skipped"];

/** What the node found when it last examined itself. */
export function Doctor() {
  useReadings(() => void diagnosis.refresh(), []);
  const page = diagnosis.value;
  return (
    <section aria-labelledby="doctor">
      <h2 id="doctor">The node's own examination</h2>
      <Fresh of={diagnosis} limitSeconds={OLD_SECONDS}>{page && <Found page={page} />}</Fresh>
    </section>
  );
}

function Found({ page }: { page: DoctorPage }) {
  if (page.period_seconds === null) return <p>This node does not examine itself; <code>pacing doctor</code> does.</p>;
  const well = page.checks.filter((each) => each.severity === "ok");
  const rest = ORDER.flatMap((severity) => page.checks.filter((each) => each.severity === severity));
  return (
    <>
      {page.failure && <p class="trouble">The newest examination brought nothing: {page.failure}</p>}
      {page.examined_at === null
        ? <p>It has not ended yet.</p>
        : <p>Examined {moment(page.examined_at)}, {duration(page.examination_age_seconds)} ago, in {duration(page.took_seconds)}; every {duration(page.period_seconds)}. {number(page.counts.error ?? 0)} errors, {number(page.counts.warning ?? 0)} warnings, {number(well.length)} well, {number(page.counts.skipped ?? 0)} not looked at.</p>}
      <ul class="alarms">
        {rest.map((each) => (
          <li key={each.check + each.found} class={`alarm ${each.severity === "error" ? "critical" : each.severity}`}>
            <strong>{each.severity}</strong> {each.check}: {each.found}
            {each.allowed && <small> allowed: {each.allowed}</small>} {each.remedy && <em>{each.remedy}</em>}
          </li>
        ))}
      </ul>
      {well.length > 0 && (
        <details>
          <summary>{number(well.length)} checks are well</summary>
          <ul class="lines">{well.map((each) => <li key={each.check + each.found}>{each.check}: {each.found}</li>)}</ul>
        </details>
      )}
    </>
  );
}
