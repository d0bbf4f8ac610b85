import { signal } from "@preact/signals";
import { type ApiError, getJson } from "../api/client";
import type { ListedTarget, TargetsPage } from "../api/model";

/** Rows read at a time. */
export const BLOCK = 100;

/** What the list shows: sent to the node, which filters and sorts. */
export interface Question {
  name: string;
  media: string;
  group: string;
  reason: string;
  sort: string;
  descending: boolean;
}

/** The query of the node for a block of the list. */
export function blockQuery(question: Question, block: number): string {
  const query = new URLSearchParams({ offset: String(block * BLOCK), limit: String(BLOCK), sort: question.sort, recent: "true" });
  if (question.descending) query.set("descending", "true");
  for (const key of ["name", "media", "group", "reason"] as const) if (question[key]) query.set(key, question[key]);
  return `api/v1/targets?${query}`;
}

/**
 * The targets that fit a question, of which only the rows on the screen are read: a node with 10,000 targets and twenty
 * browsers sends each of them a hundred rows per cycle.
 */
export class TargetsList {
  /** Head of the newest answer: counts and age. */
  readonly head = signal<{ page: TargetsPage; receivedAt: number } | null>(null);
  readonly error = signal<ApiError | null>(null);
  /** Counts changes of the rows, for who draws them. */
  readonly changes = signal(0);
  private rows = new Map<number, ListedTarget>();
  private question: Question | null = null;
  private reading = new Map<number, AbortController>();

  row(place: number): ListedTarget | null {
    return this.rows.get(place) ?? null;
  }

  /** Ask another question: nothing of the one before is shown as its answer. */
  ask(question: Question): void {
    for (const abort of this.reading.values()) abort.abort();
    this.reading.clear();
    this.rows.clear();
    this.question = question;
    this.changes.value += 1;
  }

  /** Read the blocks of the rows from `first` to `last`; with `again` also those that are there. */
  async need(first: number, last: number, again: boolean): Promise<void> {
    const blocks = range(Math.floor(first / BLOCK), Math.floor(last / BLOCK));
    const wanted = blocks.filter((block) => again || !this.rows.has(block * BLOCK));
    await Promise.all(wanted.map((block) => this.read(block)));
  }

  private async read(block: number): Promise<void> {
    const { question } = this;
    if (!question || this.reading.has(block)) return;
    const abort = new AbortController();
    this.reading.set(block, abort);
    try {
      const page = await getJson<TargetsPage>(blockQuery(question, block), abort.signal);
      if (!abort.signal.aborted) this.take(page);
    } catch (error) {
      if (!abort.signal.aborted) this.error.value = error as ApiError;
    } finally {
      if (this.reading.get(block) === abort) this.reading.delete(block);
    }
  }

  private take(page: TargetsPage): void {
    page.targets.forEach((target, place) => this.rows.set(page.offset + place, target));
    for (const place of this.rows.keys()) if (place >= page.matched) this.rows.delete(place);
    this.head.value = { page, receivedAt: performance.now() };
    this.error.value = null;
    this.changes.value += 1;
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_unused, place) => from + place);
}
