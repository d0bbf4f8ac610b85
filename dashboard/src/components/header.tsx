import type { Alarms, Cluster, Member } from "../api/model";
import { alarms, cluster, headerAgeSeconds, newest, streaming } from "../store/store";
import { emergencyStop } from "../store/orders";
import { type PacingState, pacingState } from "../store/pacing_state";
import { now } from "../store/clock";
import { platformLight, statisticsLight } from "../store/lights";
import { duration } from "./format";
import { href } from "../routing/route";

/** What is true of the whole service, on every view. */
export function Header() {
  const page = cluster.value;
  const unix = Date.now() / 1000 + 0 * now.value;
  const state = pacingState(page, newest.value, emergencyStop.value, headerAgeSeconds.value, unix);
  const old = state.word === "UNKNOWN";
  return (
    <section class={`status ${state.word.toLowerCase()}`} aria-label="State of the service">
      <State state={state} />
      <div class={old ? "facts old" : "facts"}>
        {page && <Facts page={page} raised={alarms.value} />}
      </div>
    </section>
  );
}

function State({ state }: { state: PacingState }) {
  return (
    <p class="state" role="status" aria-live="polite">
      <strong class="word">{state.word}</strong>
      {state.seconds !== null && <span class="for" aria-live="off">{duration(state.seconds)}</span>}
      {state.beside.map((word) => <span key={word} class="beside">{word}</span>)}
      {state.why && <span class="why">{state.why}</span>}
    </p>
  );
}

function Facts({ page, raised }: { page: Cluster; raised: Alarms | null }) {
  const master = page.members.find((member) => member.name === page.master) ?? null;
  const own = page.members.find((member) => member.name === page.answered_by) ?? null;
  const statistics = statisticsLight(page, raised);
  const platform = platformLight(page, raised);
  return (
    <dl>
      <div><dt>master</dt><dd data-fact="master">{page.master ?? "none"}</dd></div>
      <div><dt>epoch</dt><dd data-fact="epoch">{page.epoch}</dd></div>
      <div><dt>lease left</dt><dd><Lease member={master} /></dd></div>
      <Light name="ZooKeeper" trouble={zooKeeperTrouble(own)} good={own?.zookeeper ?? "unknown"} />
      <Light name="statistics" trouble={statistics.trouble} good="current" unknown={!statistics.known} />
      <Light name="platform" trouble={platform.trouble} good="accepts" unknown={!platform.known} />
      <div>
        <dt>alarms</dt>
        <dd><a href={href("health")} class={raised?.active.length ? "bad" : ""}>{raised ? raised.active.length : "–"}</a></dd>
      </div>
      <div><dt>node</dt><dd title={streaming.value ? "live by the event stream" : "the event stream is not open; read every few seconds"}>{page.answered_by}{streaming.value ? " · live" : ""}</dd></div>
    </dl>
  );
}

/** How long the master may still act, against what a session gives it. */
function Lease({ member }: { member: Member | null }) {
  if (!member) return <span class="quiet">–</span>;
  const most = Math.max(member.session_timeout_seconds, member.lease_left_seconds, 0.001);
  return (
    <>
      <meter min={0} max={most} low={most / 4} value={member.lease_left_seconds} aria-label="lease left" />
      <span class="beside-meter">{duration(member.lease_left_seconds)}</span>
    </>
  );
}

function zooKeeperTrouble(own: Member | null): string {
  return own && (own.zookeeper === "connected" || own.zookeeper === "standalone") ? "" : (own?.zookeeper ?? "unknown");
}

function Light({ name, trouble, good, unknown = false }: { name: string; trouble: string; good: string; unknown?: boolean }) {
  const shown = trouble ? "trouble" : unknown ? "–" : good;
  return (
    <div title={trouble}>
      <dt>{name}</dt>
      <dd class={trouble ? "bad" : ""}>{shown}{trouble && <span class="visually-hidden">: {trouble}</span>}</dd>
    </div>
  );
}
