/** The answers of /api/v1 as the dashboard reads them; `tests/document.test.ts` holds them against the document. */

/** How current an answer is: the same fields in every one. Moments are Unix seconds. */
export interface Answer {
  as_of: number | null;
  age_seconds: number | null;
  source: { node: string; master: string | null; epoch: number; sequence: number };
  accepted_at: number | null;
  silent_since: number | null;
  silent_reason: string | null;
  silent_text: string;
}

export interface Member {
  name: string;
  role: string | null;
  state: string;
  epoch: number;
  lease_left_seconds: number;
  zookeeper: string | null;
  session_timeout_seconds: number;
  version: string;
  started_at: number;
  http: string;
  clustering: string;
  last_record: { epoch: number; sequence: number; created_at: number } | null;
  paused: boolean;
  reachable: boolean;
  error: string | null;
  broken: string[];
  /** How far its clock is ahead of the answering node's; null of that node, and where it is not known. */
  clock?: { offset_seconds: number; uncertainty_seconds: number; measured_at: number } | null;
  /** Options that take effect at its next start. */
  restart_needed?: string[];
}

export interface Term {
  epoch: number;
  node: string;
  began_at: number | null;
  previous: string | null;
  ended_at: number | null;
  cause: string | null;
  gap_seconds: number | null;
  broken: string[];
}

export interface Pause {
  by: string;
  began_at: number;
  until: number;
}

export interface Cluster extends Answer {
  cluster: string;
  cluster_id: string;
  mode: string;
  answered_by: string;
  master: string | null;
  epoch: number;
  paused: Pause | null;
  /** The emergency stop in force. */
  stopped: Hold | null;
  /** Targets that are held one by one. */
  held: number;
  fencing: string | null;
  broken: string[];
  warnings: string[];
  members: Member[];
  history: Term[];
  history_unavailable: string | null;
}

/** A hold of one target, or the emergency stop of all. */
export interface Hold {
  by: string;
  why: string;
  since: number;
  until: number | null;
  everything: boolean;
}

export interface Estimates {
  acceptance_ratio?: number | null;
  handle_seconds?: number | null;
  disposition_seconds?: number | null;
  patience_seconds?: number | null;
}

export interface Target {
  name: string;
  media: string | null;
  queue: string | null;
  groups: string[];
  goal_percent: number | null;
  invitations: number | null;
  inbound_portion: number | null;
  reason: string | null;
  ready: number | null;
  busy: number | null;
  logged_in: number | null;
  waiting: number | null;
  pending: number | null;
  estimates: Estimates;
  error: string;
  hold: Hold | null;
}

/** A target in the list. */
export interface ListedTarget extends Target {
  /** Invitations of each finished 15 s of the last quarter of an hour, oldest first; not said by nodes of earlier versions. */
  recent?: (number | null)[];
}

export interface CycleHead extends Answer {
  calculated_at: number | null;
  statistics_at: number | null;
  epoch: number;
  sequence: number;
  algorithm: string | null;
  interval_seconds: number | null;
  pushed: boolean;
  push_error: string;
}

export interface TargetsPage extends CycleHead {
  total: number;
  matched: number;
  offset: number;
  limit: number;
  reasons: Record<string, number>;
  totals: Record<"invitations" | "ready" | "busy" | "waiting" | "pending", number | null>;
  targets: ListedTarget[];
}

export interface Finding {
  severity: string;
  code: string;
  where: string;
  message: string;
  remedy: string;
}

export interface AbandonedShare {
  since: number | null;
  accepted: number;
  abandoned: number;
  percent: number | null;
}

/** Of the last five minutes, the last hour, and since midnight. */
export interface Abandonment {
  now: AbandonedShare;
  hour: AbandonedShare;
  today: AbandonedShare;
}

/** A target that a person should look at, and why. */
export interface NeedingTarget {
  name: string;
  why: string;
}

/** How many there are, null before the first cycle, and the most urgent. */
export interface NeedingTargets {
  total: number | null;
  targets: NeedingTarget[];
}

export interface OverviewPage extends Answer {
  targets: number;
  interval_seconds: number | null;
  reasons: Record<string, number>;
  /** These two are not said by nodes of earlier versions. */
  without_invitations?: Record<string, number>;
  needing?: NeedingTargets;
  totals: Record<"invitations" | "ready" | "busy" | "waiting" | "pending", number | null>;
  abandonment: Abandonment;
  goal_percent: number | null;
}

export interface DoctorPage extends Answer {
  period_seconds: number | null;
  examined_at: number | null;
  examination_age_seconds: number | null;
  took_seconds: number | null;
  failure: string;
  counts: Record<string, number>;
  checks: { severity: string; check: string; found: string; allowed: string; remedy: string }[];
}

/** Columns of equal length, oldest first; null where nothing was known. */
export interface Hour {
  at: number[];
  ready: (number | null)[];
  busy: (number | null)[];
  waiting: (number | null)[];
  pending: (number | null)[];
  invitations: (number | null)[];
  abandonment_percent: (number | null)[];
  goal_percent: (number | null)[];
  complete_since: number | null;
}

export interface TargetPage extends CycleHead, Target {
  lines: string[];
  findings: Finding[];
  shared_with: { target: string; agents: number }[];
  last_hour: Hour;
  abandonment: Abandonment;
}

export interface Alarm {
  id: string;
  condition: string;
  object: string;
  severity: string;
  scope: string;
  raised_by: string;
  raised_at: number;
  value: number;
  threshold: number;
  unit: string;
  text: string;
  newest_text: string;
}

export interface Receiver {
  name: string;
  waiting: number;
  delivered: number;
  dropped: number;
  trouble: string;
}

export interface Alarms extends Answer {
  active: Alarm[];
  withheld: Record<string, number>;
  receivers: Receiver[];
}

export interface Version {
  version: number;
  written_at: number | null;
  written_by: string;
  text: string;
  diff: string;
}

export interface Configuration extends Answer {
  version: number | null;
  version_in_force: number | null;
  text: string;
  problems: string[];
  restart_needed: string[];
  versions: Version[];
  versions_unavailable: string | null;
  findings: string[];
}

export interface Inbound {
  reactive_state: number;
  capacity: number | null;
  targets: number;
}

export interface Channel extends Answer, Inbound {
  channel: string;
  decides: boolean;
  advice: string;
  groups: (Inbound & { group: string })[];
}

export interface Groups extends Answer {
  channels: string[];
  total: number;
  groups: { name: string; agents: number; targets: string[]; channels: string[] }[];
}

export interface Meaning {
  code: string;
  meaning: string;
}

export interface Reasons {
  targets: Meaning[];
  silence: Meaning[];
  ends: Meaning[];
  findings: Meaning[];
}
