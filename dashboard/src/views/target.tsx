import { useMemo } from "preact/hooks";
import { getJson } from "../api/client";
import type { Hour, TargetPage } from "../api/model";
import { AbandonmentTable } from "../components/abandonment";
import { Chart, type Line } from "../components/chart";
import { ExplainSum } from "../components/explain_sum";
import { duration, moment, number, percent, share, words } from "../components/format";
import { HoldButton } from "../components/hold_button";
import { Fresh } from "../components/stale";
import { href } from "../routing/route";
import { useReadings } from "../store/polling";
import { meanings } from "../store/reasons";
import { Resource } from "../store/resource";
import { OLD_SECONDS } from "./overview";

/** Why a target got its number, and how its last hour was. */
export function TargetView({ name }: { name: string }) {
  const target = useMemo(
    () => new Resource((abort) => getJson<TargetPage>(`api/v1/targets/${encodeURIComponent(name)}`, abort)),
    [name],
  );
  useReadings(() => void target.refresh(), ["cycle", "hold", "configuration"], [target]);
  const page = target.value;
  return (
    <>
      <p class="path"><a href={href("targets")}>Targets</a></p>
      <h1>{name}</h1>
      <Fresh of={target} limitSeconds={OLD_SECONDS}>{page && <Details page={page} />}</Fresh>
    </>
  );
}

function Details({ page }: { page: TargetPage }) {
  return (
    <>
      <Facts page={page} />
      {page.error && <p class="trouble">The platform refused this target: {page.error}</p>}
      <div class="columns">
        <section aria-labelledby="sum"><h2 id="sum">Why this number</h2><ExplainSum target={page} /><Lines lines={page.lines} /></section>
        <section aria-labelledby="hour"><h2 id="hour">The last hour</h2><AbandonmentTable found={page.abandonment} goalPercent={page.goal_percent} /><LastHour hour={page.last_hour} /></section>
      </div>
      <div class="columns">
        <Findings page={page} />
        <Shared page={page} />
      </div>
    </>
  );
}

function Facts({ page }: { page: TargetPage }) {
  return (
    <>
      <div class="cards">
        <div class="card"><span class="label">invitations</span><span class="value">{number(page.invitations)}</span></div>
        <div class="card wide"><span class="label">because</span><span class="value small" title={meanings.value.get(page.reason ?? "") ?? ""}>{words(page.reason)}</span></div>
        <div class="card"><span class="label">goal</span><span class="value">{percent(page.goal_percent)}</span></div>
        <div class="card"><span class="label">inbound</span><span class="value">{share(page.inbound_portion)}</span></div>
        <div class="card"><span class="label">logged in</span><span class="value">{number(page.logged_in)}</span></div>
      </div>
      <p>
        {page.media}, queue {page.queue ?? "–"}, groups {page.groups.join(", ") || "–"}; {page.algorithm}, calculated {moment(page.calculated_at)}{" "}
        <HoldButton target={page.name} hold={page.hold} />
      </p>
      {page.hold && (
        <p class="trouble">
          {page.hold.everything ? "Emergency stop" : "Held"} by {page.hold.by} since {moment(page.hold.since)}: {page.hold.why};{" "}
          {page.hold.until ? `until ${moment(page.hold.until)}` : "until it is released"}.
        </p>
      )}
    </>
  );
}

function Lines({ lines }: { lines: string[] }) {
  return <ul class="lines">{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}

function LastHour({ hour }: { hour: Hour }) {
  const charts = useMemo(() => hourCharts(hour), [hour]);
  if (!hour.at.length) return <p class="quiet">This node has nothing of the last hour yet.</p>;
  const since = hour.complete_since;
  return (
    <>
      {since !== null && Date.now() / 1000 - since < 3600 && <p class="quiet">This node has it from {moment(since)} on.</p>}
      {charts.map((chart) => <Chart key={chart.title} title={chart.title} at={hour.at} lines={chart.lines} unit={chart.unit} />)}
    </>
  );
}

function hourCharts(hour: Hour): { title: string; lines: Line[]; unit: string }[] {
  return [
    {
      title: "Agents and visitors",
      unit: "",
      lines: [
        { label: "ready", values: hour.ready, colour: "--line-1" },
        { label: "busy", values: hour.busy, colour: "--line-2" },
        { label: "waiting", values: hour.waiting, colour: "--line-3" },
      ],
    },
    {
      title: "Invitations",
      unit: "",
      lines: [
        { label: "allowed", values: hour.invitations, colour: "--line-1", stepped: true },
        { label: "pending", values: hour.pending, colour: "--line-4" },
      ],
    },
    {
      title: "Abandonment, over five minutes each",
      unit: " %",
      lines: [
        { label: "abandonment", values: hour.abandonment_percent, colour: "--line-3" },
        { label: "goal", values: hour.goal_percent, colour: "--line-5", dashed: true },
      ],
    },
  ];
}

function Findings({ page }: { page: TargetPage }) {
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      {!page.findings.length && <p>Discovery found nothing about it.</p>}
      <ul>
        {page.findings.map((finding) => (
          <li key={finding.code + finding.where}><strong>{finding.severity}</strong> {finding.where}: {finding.message} <em>{finding.remedy}</em></li>
        ))}
      </ul>
    </section>
  );
}

function Shared({ page }: { page: TargetPage }) {
  const estimates = page.estimates;
  return (
    <section aria-labelledby="shared">
      <h2 id="shared">Shared agents</h2>
      {!page.shared_with.length && <p>Its agents serve no other target.</p>}
      <ul>
        {page.shared_with.map((other) => (
          <li key={other.target}><a href={href("targets", other.target)}>{other.target}</a>: {number(other.agents)} agents</li>
        ))}
      </ul>
      <h2>What the law believes</h2>
      <dl class="plain">
        <div><dt>accepted</dt><dd>{share(estimates.acceptance_ratio)}</dd></div>
        <div><dt>an interaction takes</dt><dd>{duration(estimates.handle_seconds)}</dd></div>
        <div><dt>an answer takes</dt><dd>{duration(estimates.disposition_seconds)}</dd></div>
        <div><dt>a visitor waits</dt><dd>{duration(estimates.patience_seconds)}</dd></div>
      </dl>
    </section>
  );
}
