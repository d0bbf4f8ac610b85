import type { Term } from "../api/model";
import { duration, moment, words } from "./format";

/** One term on the line, in percent of the time shown. */
export interface Bar {
  term: Term;
  left: number;
  width: number;
}

const SHOWN_SECONDS = 3600;
const LEAST_WIDTH = 0.4;

/** A time between two terms in which nobody was master, in percent of the time shown. */
export interface Gap {
  before: number;
  left: number;
  width: number;
}

/** The gaps between terms that are known one after the other; before the first nothing is known. */
export function gaps(shown: readonly Bar[]): Gap[] {
  return shown.slice(1).flatMap((bar, place) => {
    const previous = shown[place];
    const left = previous ? previous.left + previous.width : bar.left;
    return bar.left > left ? [{ before: bar.term.epoch, left, width: bar.left - left }] : [];
  });
}

/** The terms of the last hour, oldest first; the newest one lasts until now unless it ended. */
export function bars(terms: readonly Term[], nowSeconds: number, shown = SHOWN_SECONDS): Bar[] {
  const from = nowSeconds - shown;
  const percent = (at: number) => (100 * (Math.min(Math.max(at, from), nowSeconds) - from)) / shown;
  return [...terms]
    .filter((term) => term.began_at !== null)
    .sort((a, b) => a.epoch - b.epoch)
    .map((term, place, all) => {
      const began = term.began_at ?? from;
      const ended = term.ended_at ?? all[place + 1]?.began_at ?? (term.cause === null ? nowSeconds : began);
      return { term, ended, left: percent(began), width: percent(ended) - percent(began) };
    })
    .filter((bar) => bar.ended > from)
    .map(({ term, left, width }) => ({ term, left, width: Math.max(width, LEAST_WIDTH) }));
}

/** The terms as a line of time, and as a table with gaps and causes. */
export function Timeline({ terms, nowSeconds, meanings }: { terms: readonly Term[]; nowSeconds: number; meanings: Map<string, string> }) {
  const names = [...new Set(terms.map((term) => term.node))].sort();
  const shown = bars(terms, nowSeconds);
  return (
    <>
      <div class="timeline" aria-hidden="true">
        {gaps(shown).map((gap) => <span key={`before ${gap.before}`} class="gap" style={{ left: `${gap.left}%`, width: `${gap.width}%` }} />)}
        {shown.map((bar) => (
          <span
            key={bar.term.epoch}
            class={`term node-${names.indexOf(bar.term.node) % 6}`}
            style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
            title={`${bar.term.node}, epoch ${bar.term.epoch}`}
          >
            {bar.width > 6 ? bar.term.node : ""}
          </span>
        ))}
      </div>
      <p class="timeline-ends" aria-hidden="true"><span>1 h ago</span><span>now</span></p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Terms">
        <table>
          <thead>
            <tr><th>epoch</th><th>master</th><th>from</th><th>to</th><th>ended by</th><th class="right">gap before</th></tr>
          </thead>
          <tbody>
            {terms.map((term) => (
              <tr key={term.epoch}>
                <td class="right">{term.epoch}</td>
                <td>{term.node}</td>
                <td>{moment(term.began_at)}</td>
                <td>{moment(term.ended_at)}</td>
                <td title={meanings.get(term.cause ?? "") ?? ""}>{words(term.cause)}</td>
                <td class="right">{duration(term.gap_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
