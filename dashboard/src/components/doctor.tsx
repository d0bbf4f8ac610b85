import { getJson } from "../api/client";
import { useReadings } from "../store/polling";
import { Resource } from "../store/resource";
import { moment } from "./format";

interface Check {
  severity: string;
  check: string;
  text: string;
  remedy: string;
}

interface Diagnosis {
  examined_at: number | null;
  checks: Check[];
}

const diagnosis = new Resource((abort) => getJson<Diagnosis>("api/v1/doctor", abort));

/** What the node found when it last examined itself. */
export function Doctor() {
  useReadings(() => void diagnosis.refresh(), []);
  const page = diagnosis.value;
  const missing = diagnosis.error.value?.status === 404;
  return (
    <section aria-labelledby="doctor">
      <h2 id="doctor">The node's own examination</h2>
      {missing && <p>This node does not examine itself; <code>pacing doctor</code> does.</p>}
      {!missing && diagnosis.error.value && <p class="trouble">{diagnosis.error.value.message}</p>}
      {page && <p>Examined {moment(page.examined_at)}.</p>}
      <ul>{page?.checks.map((each) => <li key={each.check}><strong>{each.severity}</strong> {each.check}: {each.text} <em>{each.remedy}</em></li>)}</ul>
    </section>
  );
}
