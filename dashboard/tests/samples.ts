import type { Abandonment, Answer, Cluster, Member, OverviewPage, Target, TargetsPage, Term } from "../src/api/model";

export const ANSWER: Answer = {
  as_of: 998,
  age_seconds: 1,
  source: { node: "node1", master: "node1", epoch: 3, sequence: 7 },
  accepted_at: 998,
  silent_since: null,
  silent_reason: null,
  silent_text: "",
};

export function member(given: Partial<Member> = {}): Member {
  return {
    name: "node1", role: "master", state: "serving", epoch: 3, lease_left_seconds: 3, zookeeper: "connected",
    session_timeout_seconds: 4, version: "0.1.0", started_at: 1, http: "127.0.0.1:8080", clustering: "127.0.0.1:7800",
    last_record: null, paused: false, reachable: true, error: null, broken: [], ...given,
  };
}

export function cluster(given: Partial<Cluster> = {}): Cluster {
  return {
    ...ANSWER, cluster: "demo", cluster_id: "1", mode: "zookeeper", answered_by: "node1", master: "node1", epoch: 3,
    paused: null, stopped: null, held: 0, fencing: "token", broken: [], warnings: [], members: [member()], history: [], history_unavailable: null, ...given,
  };
}

export function target(given: Partial<Target> = {}): Target {
  return {
    name: "Sales - chat", media: "chat", queue: "1@x", groups: ["A"], goal_percent: 3, invitations: 2, inbound_portion: null,
    reason: "agents_available", ready: 2, busy: 10, logged_in: 12, waiting: 1, pending: 4,
    estimates: { acceptance_ratio: 0.5, handle_seconds: 60, disposition_seconds: 30, patience_seconds: 20 }, error: "", hold: null, ...given,
  };
}

export function targetsPage(targets: Target[], given: Partial<TargetsPage> = {}): TargetsPage {
  return {
    ...ANSWER, calculated_at: 998, statistics_at: 998, epoch: 3, sequence: 7, algorithm: "x", interval_seconds: 5, pushed: true,
    push_error: "", total: targets.length, matched: targets.length, offset: 0, limit: 100, reasons: {}, totals: { invitations: 24, ready: 2, busy: 10, waiting: 0, pending: null }, targets, ...given,
  };
}

export function term(given: Partial<Term> = {}): Term {
  return { epoch: 1, node: "node1", began_at: 0, previous: null, ended_at: null, cause: null, gap_seconds: null, broken: [], ...given };
}

export function abandonment(accepted = 97, abandoned = 3): Abandonment {
  const share = { since: 1, accepted, abandoned, percent: accepted + abandoned ? (100 * abandoned) / (accepted + abandoned) : null };
  return { now: share, hour: share, today: share };
}

export function overviewPage(given: Partial<OverviewPage> = {}): OverviewPage {
  return {
    ...ANSWER, targets: 1, interval_seconds: 5, reasons: {}, without_invitations: {}, needing: { total: 0, targets: [] },
    totals: { invitations: 24, ready: 2, busy: 10, waiting: 0, pending: null },
    abandonment: abandonment(), goal_percent: 3, ...given,
  };
}
