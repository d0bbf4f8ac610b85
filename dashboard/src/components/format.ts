/** Numbers and times for people. What is not known is a dash, never a zero. */

const DASH = "–";

/** A number with at most `digits` after the point. */
export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return formatOf(digits).format(value);
}

const formats = new Map<number, Intl.NumberFormat>();

/** Made once each: making one takes longer than drawing a row. */
function formatOf(digits: number): Intl.NumberFormat {
  const known = formats.get(digits) ?? new Intl.NumberFormat("en", { maximumFractionDigits: digits });
  formats.set(digits, known);
  return known;
}

/** A share 0..1 as a percentage. */
export function share(value: number | null | undefined, digits = 0): string {
  return value === null || value === undefined || !Number.isFinite(value) ? DASH : `${number(100 * value, digits)} %`;
}

/** A percentage as such. */
export function percent(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined || !Number.isFinite(value) ? DASH : `${number(value, digits)} %`;
}

/** Seconds in the largest two units that matter: 0.4 s, 71 s, 12 min, 3 h 5 min. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  if (seconds < 10) return `${number(Math.max(seconds, 0), 1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.round(hours / 24)} days`;
}

/** A moment in Unix seconds as local time of day; with the date when it is not of today. */
export function moment(at: number | null | undefined): string {
  if (!at) return DASH;
  const time = new Date(at * 1000);
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString("en-CA")} `;
  return `${day}${time.toLocaleTimeString("en-GB")}`;
}

/** The code of a reason as words. */
export function words(code: string | null | undefined): string {
  return code ? code.replaceAll("_", " ") : DASH;
}
