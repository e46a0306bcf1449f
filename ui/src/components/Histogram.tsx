// A small picture of how the values of a column spread.
import type { HistogramBin } from "../api/types";
import { count } from "../lib/format";

const WIDTH = 120;
const HEIGHT = 30;

export function Histogram({ bins, label }: { bins: HistogramBin[]; label: string }) {
  const highest = Math.max(...bins.map((bin) => bin.count), 1);
  const step = WIDTH / bins.length;
  const gap = bins.length > 1 ? Math.min(1.5, step / 4) : 0;
  return (
    <svg class="histogram" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label} preserveAspectRatio="none">
      {bins.map((bin, at) => {
        // even one value among millions leaves a trace
        const height = bin.count === 0 ? 0 : Math.max(1.5, (bin.count / highest) * (HEIGHT - 1));
        return <rect key={at} x={at * step} y={HEIGHT - height} width={Math.max(0.5, step - gap)} height={height} rx={0.8} />;
      })}
      <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
    </svg>
  );
}

export function histogramLabel(bins: HistogramBin[], min: string | null, max: string | null): string {
  const fullest = bins.reduce((best, bin, at) => (bin.count > (bins[best]?.count ?? 0) ? at : best), 0);
  const where = bins.length < 2 ? "" : fullest < bins.length / 3 ? ", most near the low end" : fullest >= (bins.length * 2) / 3 ? ", most near the high end" : ", most in the middle";
  return `values from ${min ?? "?"} to ${max ?? "?"}${where}, at most ${count(bins[fullest]?.count ?? 0)} in one of ${bins.length} ranges`;
}
