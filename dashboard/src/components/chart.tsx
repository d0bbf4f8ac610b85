import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useColours } from "./theme";

/** One line of a chart. */
export interface Line {
  label: string;
  values: (number | null)[];
  /** A colour's CSS variable, such as `--line-1`. */
  colour: string;
  dashed?: boolean;
  stepped?: boolean;
}

const HEIGHT = 170;

/** Lines over time (Unix seconds). Its numbers are also a table, for who cannot see the picture. */
export function Chart({ title, at, lines, unit = "" }: { title: string; at: number[]; lines: Line[]; unit?: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = lines.map((line) => line.label).join("|");
  const colours = useColours();
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    plot.current = new uPlot(options(element, lines, unit), data(at, lines), element);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
    };
  }, [shape, colours]);
  useEffect(() => plot.current?.setData(data(at, lines)), [at, lines]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <p class="visually-hidden">{summary(title, lines, unit)}</p>
    </figure>
  );
}

function data(at: number[], lines: Line[]): uPlot.AlignedData {
  return [at, ...lines.map((line) => line.values)] as uPlot.AlignedData;
}

function options(element: HTMLElement, lines: Line[], unit: string): uPlot.Options {
  const colour = (name: string) => colourOf(element, name);
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--edge"), width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(element.clientWidth, 200),
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.1)] } },
    axes: [{ ...axis, values: times, space: 70 }, { ...axis, size: 46 }],
    series: [
      { value: "{HH}:{mm}:{ss}" },
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        value: (_plot: uPlot, value: number | null) => (value === null ? "–" : `${Math.round(value * 10) / 10}${unit}`),
        ...(line.dashed ? { dash: [6, 4] } : {}),
        ...(line.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
  };
}

/** Moments on the axis as everywhere on the page: 24 hours, seconds only where they differ. */
function times(_plot: uPlot, at: number[], _axis: number, _space: number, step: number): string[] {
  const format: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) };
  return at.map((each) => new Date(each * 1000).toLocaleTimeString("en-GB", format));
}

/** A colour of the page's style as a canvas takes it: the value of a variable may be light-dark(), which it does not. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** The newest, least and most of each line, in words. */
function summary(title: string, lines: Line[], unit: string): string {
  const said = lines.map((line) => {
    const known = line.values.filter((value): value is number => value !== null);
    if (!known.length) return `${line.label}: nothing known`;
    const most = known.reduce((a, b) => Math.max(a, b));
    const least = known.reduce((a, b) => Math.min(a, b));
    const newest = known[known.length - 1] ?? 0;
    return `${line.label}: now ${round(newest)}${unit}, between ${round(least)}${unit} and ${round(most)}${unit}`;
  });
  return `${title}. ${said.join("; ")}.`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
