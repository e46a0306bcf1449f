// A bar with a true value, or a moving one where the length is not known.
interface Props {
  label: string;
  value: number;
  max: number;
  unknown?: boolean;
}

export function ProgressBar({ label, value, max, unknown = false }: Props) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  const known = unknown ? {} : { "aria-valuenow": Math.floor(share * 100) };
  return (
    <div class={unknown ? "progress progress-unknown" : "progress"} role="progressbar" aria-label={label}
      aria-valuemin={0} aria-valuemax={100} {...known}>
      <div class="progress-fill" style={{ transform: `scaleX(${unknown ? 0.3 : share})` }} />
    </div>
  );
}
