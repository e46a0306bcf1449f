// Files that are being sent: progress, speed, time left, cancel.
import { bytes, duration, percent, speed } from "../lib/format";
import { cancelTransfer, drop, retryTransfer, transfers, type Transfer } from "../state/transfers";
import { FailureNotice } from "./FailureNotice";
import { ProgressBar } from "./ProgressBar";

export function TransferList() {
  if (transfers.value.length === 0) return null;
  return (
    <section class="transfers" aria-label="Uploads in progress">
      {transfers.value.map((transfer) => <TransferRow key={transfer.key} transfer={transfer} />)}
    </section>
  );
}

function TransferRow({ transfer }: { transfer: Transfer }) {
  if (transfer.state === "failed" && transfer.failure) {
    return (
      <div class="transfer">
        <p class="transfer-name">{transfer.name}</p>
        <FailureNotice failure={transfer.failure}>
          {mayHelpToRetry(transfer.failure.status) && <button type="button" class="button button-small" onClick={() => retryTransfer(transfer.key)}>Try again</button>}
          <button type="button" class="button button-small" onClick={() => drop(transfer.key)}>Dismiss</button>
        </FailureNotice>
      </div>
    );
  }
  return (
    <div class="transfer card">
      <div class="transfer-head">
        <p class="transfer-name">{transfer.name}</p>
        <button type="button" class="button button-small" onClick={() => cancelTransfer(transfer.key)}
          aria-label={`Cancel the upload of ${transfer.name}`}>Cancel</button>
      </div>
      <ProgressBar label={`Upload of ${transfer.name}`} value={transfer.sentBytes} max={transfer.sizeBytes}
        unknown={transfer.state === "finishing"} />
      <p class="transfer-facts">{transferWords(transfer)}</p>
    </div>
  );
}

/** The same bytes meet the same answer, unless the line or the server was at fault. */
function mayHelpToRetry(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

function transferWords(transfer: Transfer): string {
  if (transfer.state === "waiting") return `waiting, ${bytes(transfer.sizeBytes)}`;
  if (transfer.state === "finishing") return `all ${bytes(transfer.sizeBytes)} sent, being checked and stored`;
  const parts = [
    `${percent(transfer.sentBytes, transfer.sizeBytes)} of ${bytes(transfer.sizeBytes)}`,
  ];
  if (transfer.bytesPerSecond !== null && transfer.bytesPerSecond > 0) {
    parts.push(speed(transfer.bytesPerSecond));
    const left = ((transfer.sizeBytes - transfer.sentBytes) / transfer.bytesPerSecond) * 1000;
    if (left > 1500) parts.push(`${duration(left)} left`);
  }
  return parts.join(" · ");
}
