// Speed and time left of a transfer, from the last seconds only, so that it follows the line.

const WINDOW_MS = 4000;

export interface Sample {
  at: number;
  bytes: number;
}

export class SpeedMeter {
  private samples: Sample[] = [];

  add(at: number, bytes: number): void {
    this.samples.push({ at, bytes });
    while (this.samples.length > 2 && (this.samples[0]?.at ?? 0) < at - WINDOW_MS) this.samples.shift();
  }

  /** Bytes per second; none before there is something to measure. */
  bytesPerSecond(): number | null {
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    if (!first || !last || last.at - first.at < 200) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}
