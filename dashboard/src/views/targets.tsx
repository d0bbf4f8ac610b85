import { computed } from "@preact/signals";
import { Component } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { ListedTarget, Target } from "../api/model";
import { number, percent, share, words } from "../components/format";
import { HoldButton } from "../components/hold_button";
import { Sparkline } from "../components/sparkline";
import { useVirtualRows, type VirtualRows } from "../components/virtual_rows";
import { href, replaceQuery, route } from "../routing/route";
import { groups } from "../store/groups";
import { useReadings } from "../store/polling";
import { meanings } from "../store/reasons";
import { now } from "../store/clock";
import { allowed } from "../store/session";
import { type Question, TargetsList } from "../store/targets_list";
import { OLD_SECONDS } from "./overview";

const ROW_HEIGHT = 32;
const SETTLE_MS = 60;

/** A column: the name the node sorts by, what stands above it, what a row shows. */
interface Column {
  sort: string;
  title: string;
  show: (target: Target) => string;
  kind?: string;
}

const COLUMNS: Column[] = [
  { sort: "invitations", title: "invitations", show: (target) => number(target.invitations), kind: "wide" },
  { sort: "ready", title: "ready", show: (target) => number(target.ready) },
  { sort: "busy", title: "busy", show: (target) => number(target.busy) },
  { sort: "logged_in", title: "logged in", show: (target) => number(target.logged_in), kind: "less wide" },
  { sort: "waiting", title: "waiting", show: (target) => number(target.waiting) },
  { sort: "pending", title: "pending", show: (target) => number(target.pending) },
  { sort: "inbound_portion", title: "inbound", show: (target) => share(target.inbound_portion), kind: "less" },
  { sort: "goal_percent", title: "goal", show: (target) => percent(target.goal_percent), kind: "less" },
];

/** The question that the address line asks. */
export function questionOf(query: URLSearchParams): Question {
  const text = (key: string) => query.get(key) ?? "";
  return {
    name: text("name"),
    media: text("media"),
    group: text("group"),
    reason: text("reason"),
    sort: text("sort") || "name",
    descending: query.get("descending") === "true",
  };
}

/** Every target, ten thousand as well as ten. */
export function TargetsView() {
  const list = useMemo(() => new TargetsList(), []);
  const question = questionOf(route.value.query);
  useReadings(() => void groups.refresh(), ["configuration"]);
  return (
    <>
      <h1>Targets</h1>
      <Filters question={question} list={list} />
      <Status list={list} />
      <Grid list={list} question={question} />
    </>
  );
}

/** The rows: drawn anew at every step of scrolling, and therefore nothing else is in it. */
function Grid({ list, question }: { list: TargetsList; question: Question }) {
  const scroller = useRef<HTMLDivElement>(null);
  const matched = list.head.value?.page.matched ?? 0;
  const rows = useVirtualRows(() => scroller.current, matched, ROW_HEIGHT);
  useListReadings(list, question, rows, scroller);
  void list.changes.value;
  return (
    <div class={`grid${old(list) ? " old" : ""}${mayHold.value ? "" : " no-orders"}`} ref={scroller} tabIndex={0} role="table" aria-label="Targets" aria-rowcount={matched + 1}>
      <Head question={question} />
      <div class="body" role="rowgroup" style={{ height: `${rows.height}px` }}>
        {rows.items.map((item) => {
          return <Row key={item.key} place={item.index} top={item.start} target={list.row(item.index)} />;
        })}
      </div>
    </div>
  );
}

/** Without it the column of its buttons is left out. */
const mayHold = computed(() => allowed.value.has("holdTarget") || allowed.value.has("releaseTarget"));

/** Reads the rows in sight: when the question changes, when rows come into sight, and when a cycle has been calculated. */
function useListReadings(list: TargetsList, question: Question, rows: VirtualRows, scroller: { current: HTMLDivElement | null }): void {
  const first = rows.items[0]?.index ?? 0;
  const last = rows.items[rows.items.length - 1]?.index ?? 0;
  const range = useRef({ first, last });
  range.current = { first, last };
  useEffect(() => {
    list.ask(question);
    scroller.current?.scrollTo({ top: 0 });
    const timer = setTimeout(() => void list.need(0, 0, true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [list, JSON.stringify(question)]);
  useEffect(() => {
    const timer = setTimeout(() => void list.need(first, last, false), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [list, first, last]);
  useReadings(() => void list.need(range.current.first, range.current.last, true), ["cycle", "hold", "configuration"], [list]);
}

function old(list: TargetsList): boolean {
  const head = list.head.value;
  return head !== null && (now.value - head.receivedAt) / 1000 > OLD_SECONDS;
}

function Status({ list }: { list: TargetsList }) {
  const page = list.head.value?.page;
  const error = list.error.value;
  return (
    <p class="count" role="status">
      {error && <span class="trouble">{error.message} </span>}
      {page ? `${number(page.matched)} of ${number(page.total)} targets` : "Reading …"}
      {old(list) && " – these numbers are old"}
    </p>
  );
}

function Filters({ question, list }: { question: Question; list: TargetsList }) {
  const change = (part: Partial<Question>) => replaceQuery(asQuery({ ...question, ...part }));
  const page = groups.value;
  const reasons = Object.keys(list.head.value?.page.reasons ?? {});
  if (question.reason && !reasons.includes(question.reason)) reasons.push(question.reason);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>name <input type="search" value={question.name} onInput={(event) => change({ name: event.currentTarget.value })} /></label>
      <Choice label="medium" value={question.media} from={page?.channels ?? []} choose={(media) => change({ media })} />
      <Choice label="group" value={question.group} from={(page?.groups ?? []).map((each) => each.name)} choose={(group) => change({ group })} />
      <Choice label="reason" value={question.reason} from={reasons.sort()} choose={(reason) => change({ reason })} />
    </form>
  );
}

function Choice({ label, value, from, choose }: { label: string; value: string; from: string[]; choose: (value: string) => void }) {
  const all = value && !from.includes(value) ? [value, ...from] : from;
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all</option>
        {all.map((each) => <option key={each} value={each}>{label === "reason" ? words(each) : each}</option>)}
      </select>
    </label>
  );
}

function asQuery(question: Question): Record<string, string> {
  const { descending, sort, ...texts } = question;
  return { ...texts, sort: sort === "name" ? "" : sort, descending: descending ? "true" : "" };
}

function Head({ question }: { question: Question }) {
  return (
    <div class="head" role="rowgroup">
      <div class="row" role="row">
        <SortHead column={{ sort: "name", title: "target" }} question={question} kind="name" />
        {COLUMNS.map((column) => <SortHead key={column.sort} column={column} question={question} kind={`right ${column.kind ?? ""}`} />)}
        <span class="cell spark" role="columnheader" title="invitations of the last quarter of an hour, 15 s each">15 min</span>
        <SortHead column={{ sort: "reason", title: "reason" }} question={question} kind="reason" />
        <span class="cell hold" role="columnheader"><span class="visually-hidden">hold</span></span>
      </div>
    </div>
  );
}

/** Sorts by its column; numbers the largest first, and the other way round at the second press. */
function SortHead({ column, question, kind }: { column: Pick<Column, "sort" | "title">; question: Question; kind: string }) {
  const mine = question.sort === column.sort;
  const text = column.sort === "name" || column.sort === "reason";
  const sort = () => replaceQuery(asQuery({ ...question, sort: column.sort, descending: mine ? !question.descending : !text }));
  const order = mine ? (question.descending ? "descending" : "ascending") : undefined;
  return (
    <span class={`cell ${kind}`} role="columnheader" aria-sort={order}>
      <button type="button" class="plain" onClick={sort}>{column.title}{mine ? (question.descending ? " ↓" : " ↑") : ""}</button>
    </span>
  );
}

interface RowProps {
  place: number;
  top: number;
  target: ListedTarget | null;
}

/** One row, drawn anew only when its target was read anew: scrolling moves rows and changes none. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { place, top, target } = this.props;
    return next.target !== target || next.place !== place || next.top !== top;
  }

  override render({ place, top, target }: RowProps) {
    const style = { transform: `translateY(${top}px)` };
    if (!target) {
      return <div class="row waiting" role="row" aria-rowindex={place + 2} style={style}><span class="cell name" role="cell">…</span></div>;
    }
    return (
      <div class={target.hold ? "row held" : "row"} role="row" aria-rowindex={place + 2} style={style}>
        <Cells target={target} />
      </div>
    );
  }
}

function Cells({ target }: { target: ListedTarget }) {
  return (
    <>
      <span class="cell name" role="rowheader"><a href={href("targets", target.name)}>{target.name}</a></span>
      {COLUMNS.map((column) => <span key={column.sort} class={`cell right ${column.kind ?? ""}`} role="cell">{column.show(target)}</span>)}
      <span class="cell spark" role="cell"><Sparkline values={target.recent ?? []} label={`invitations of ${target.name} in the last quarter of an hour`} /></span>
      <span class={target.error ? "cell reason bad" : "cell reason"} role="cell" title={target.error || (meanings.value.get(target.reason ?? "") ?? "")}>
        {target.error ? "refused by the platform" : words(target.reason)}
      </span>
      <span class="cell hold" role="cell"><HoldButton target={target.name} hold={target.hold} /></span>
    </>
  );
}
