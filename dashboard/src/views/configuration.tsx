import { signal } from "@preact/signals";
import type { Configuration, Version } from "../api/model";
import { Diff } from "../components/diff";
import { moment } from "../components/format";
import { RestoreButton } from "../components/restore_button";
import { Fresh } from "../components/stale";
import { configuration } from "../store/configuration";
import { useReadings } from "../store/polling";

/** Options change seldom: their page is old when several readings failed. */
const OLD_OPTIONS_SECONDS = 30;
const open = signal<number | null>(null);

/** The options in force, what they were, and what discovery found in the objects. */
export function ConfigurationView() {
  useReadings(() => void configuration.refresh(), ["configuration"]);
  const page = configuration.value;
  return (
    <>
      <h1>Configuration</h1>
      <Fresh of={configuration} limitSeconds={OLD_OPTIONS_SECONDS}>{page && <Page page={page} />}</Fresh>
    </>
  );
}

function Page({ page }: { page: Configuration }) {
  const refused = page.version !== page.version_in_force;
  return (
    <>
      <p>Version {page.version ?? "–"}{refused ? `; version ${page.version_in_force ?? "–"} is in force` : " is in force"}. Secrets are covered.</p>
      {page.problems.map((each) => <p key={each} class="trouble">{each}</p>)}
      {page.restart_needed.length > 0 && <p>At the next start of a node: {page.restart_needed.join(", ")}</p>}
      <details><summary>The newest document</summary><pre tabIndex={0}>{page.text}</pre></details>
      <h2>Versions</h2>
      {page.versions_unavailable && <p class="trouble">The versions cannot be read now: {page.versions_unavailable}</p>}
      {!page.versions_unavailable && !page.versions.length && <p>No version is kept yet.</p>}
      <ul class="versions">{page.versions.map((version) => <Past key={version.version} version={version} page={page} />)}</ul>
      <h2>What discovery found</h2>
      {!page.findings.length && <p>Nothing.</p>}
      <ul>{page.findings.map((finding) => <li key={finding}>{finding}</li>)}</ul>
    </>
  );
}

function Past({ version, page }: { version: Version; page: Configuration }) {
  const shown = open.value === version.version;
  return (
    <li>
      <button type="button" class="plain" aria-expanded={shown} onClick={() => (open.value = shown ? null : version.version)}>
        Version {version.version}
      </button>{" "}
      {moment(version.written_at)} by {version.written_by || "nobody known"}{" "}
      {version.version !== page.version && <RestoreButton version={version} newest={page.version} />}
      {shown && <Diff text={version.diff} />}
    </li>
  );
}
