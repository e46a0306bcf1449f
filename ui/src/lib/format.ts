// Numbers, sizes, times and CSV signs as people read them. English, digits grouped by commas.

const whole = new Intl.NumberFormat("en-US");
const shortNumber = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

export function count(n: number): string {
  return whole.format(n);
}

/** `1 record`, `2 records`. */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** Sizes in powers of 1024 with their proper names. */
export function bytes(n: number): string {
  if (n < 1024) return plural(n, "byte");
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = n;
  let unit = -1;
  do {
    value /= 1024;
    unit += 1;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

export function speed(bytesPerSecond: number): string {
  return `${bytes(Math.round(bytesPerSecond))}/s`;
}

export function duration(ms: number): string {
  if (ms < 1) return "under 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Share of a whole for people: never `0%` for something, never `100%` for nearly all. */
export function percent(part: number, total: number): string {
  if (total === 0 || part === 0) return "0%";
  if (part === total) return "100%";
  const value = (part / total) * 100;
  if (value < 0.1) return "<0.1%";
  if (value > 99.9) return ">99.9%";
  return `${value < 10 ? value.toFixed(1) : Math.min(99, Math.round(value))}%`;
}

/** A statistic, rounded for reading; the report has the full number. */
export function statistic(n: number): string {
  const size = Math.abs(n);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return n.toExponential(2);
  return Number.isInteger(n) ? whole.format(n) : shortNumber.format(n);
}

/** `just now`, `5 min ago`, else the local date and time. */
export function ago(iso: string, now: number = Date.now()): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return iso;
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return dateTime(iso);
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
