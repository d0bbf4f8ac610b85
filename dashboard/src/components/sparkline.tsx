const WIDTH = 90;
const HEIGHT = 20;

/** A small line without axes; null leaves a gap. */
export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <span class="quiet">–</span>;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <path d={path(values, Math.max(1, ...known))} />
    </svg>
  );
}

/** The path of the values, the newest at the right edge. */
export function path(values: readonly (number | null)[], most: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  let pen = "M";
  let drawn = "";
  values.forEach((value, place) => {
    if (value === null) {
      pen = "M";
      return;
    }
    drawn += `${pen}${halves(place * step)} ${halves(HEIGHT - 2 - (value / most) * (HEIGHT - 4))}`;
    pen = "L";
  });
  return drawn;
}

/** To half a pixel: a list draws thousands of points at a step of scrolling, and writing decimals takes most of the time. */
function halves(value: number): number {
  return Math.round(2 * value) / 2;
}
