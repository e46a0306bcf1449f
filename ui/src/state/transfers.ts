// Files on their way to the server: one at a time, in the order they were dropped.
import { signal } from "@preact/signals";
import { ApiFailure, asFailure, localFailure } from "../api/failure";
import type { Upload } from "../api/types";
import { sendFile, type Sending } from "../api/upload";
import { bytes } from "../lib/format";
import { SpeedMeter } from "../lib/speed-meter";
import { announce } from "./announce";
import { limits } from "./limits";
import { navigate, uploadPath } from "./router";
import { refreshUploads } from "./uploads";

export interface Transfer {
  key: number;
  file: Blob;
  name: string;
  sizeBytes: number;
  sentBytes: number;
  bytesPerSecond: number | null;
  state: "waiting" | "sending" | "finishing" | "failed";
  failure: ApiFailure | null;
}

export const transfers = signal<Transfer[]>([]);

window.addEventListener("beforeunload", (event) => {
  // leaving the page would break off what is being sent: the browser asks first
  if (transfers.value.some((t) => t.state !== "failed")) event.preventDefault();
});

let nextKey = 1;
let current: { key: number; sending: Sending } | null = null;
/** How many files came together; a single one is opened when it has arrived. */
let batch = 0;

export function send(files: { file: Blob; name: string }[]): void {
  const added = files.map<Transfer>(({ file, name }) => ({
    key: nextKey++, file, name, sizeBytes: file.size, sentBytes: 0, bytesPerSecond: null, state: "waiting", failure: null,
  }));
  const pending = transfers.value.filter((t) => t.state !== "failed");
  batch = pending.length + added.length;
  transfers.value = [...pending, ...added];
  void pump();
}

export function cancelTransfer(key: number): void {
  if (current?.key === key) current.sending.cancel();
  drop(key);
}

export function retryTransfer(key: number): void {
  change(key, { state: "waiting", failure: null, sentBytes: 0, bytesPerSecond: null });
  batch = 1;
  void pump();
}

export function drop(key: number): void {
  transfers.value = transfers.value.filter((t) => t.key !== key);
}

function change(key: number, values: Partial<Transfer>): void {
  transfers.value = transfers.value.map((t) => (t.key === key ? { ...t, ...values } : t));
}

async function pump(): Promise<void> {
  if (current) return;
  const next = transfers.value.find((t) => t.state === "waiting");
  if (!next) return;
  try {
    arrived(next, await sendOne(next));
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === "cancelled") announce(`upload of ${next.name} cancelled`);
    else {
      change(next.key, { state: "failed", failure });
      announce(`upload of ${next.name} failed: ${failure.message}`);
    }
  } finally {
    current = null;
    void pump();
  }
}

async function sendOne(transfer: Transfer): Promise<Upload> {
  const largest = limits.value?.max_upload_bytes;
  if (largest !== undefined && transfer.sizeBytes > largest) {
    throw localFailure("file-too-large", `the file has ${bytes(transfer.sizeBytes)}, the limit is ${bytes(largest)}`);
  }
  // a folder or a file that went away fails here, with a better message than a broken connection
  try {
    await transfer.file.slice(0, 1).arrayBuffer();
  } catch {
    throw localFailure("file-unreadable", `\`${transfer.name}\` is a folder, or it cannot be opened`);
  }
  const meter = new SpeedMeter();
  let toldQuarters = 0;
  change(transfer.key, { state: "sending" });
  announce(`uploading ${transfer.name}`);
  const sending = sendFile(transfer.file, transfer.name, (sentBytes) => {
    meter.add(performance.now(), sentBytes);
    const all = sentBytes >= transfer.sizeBytes;
    change(transfer.key, { sentBytes, bytesPerSecond: meter.bytesPerSecond(), state: all ? "finishing" : "sending" });
    const quarters = Math.floor((sentBytes / transfer.sizeBytes) * 4);
    if (quarters > toldQuarters && quarters < 4) {
      toldQuarters = quarters;
      announce(`${transfer.name}: ${quarters * 25} percent sent`);
    }
  });
  current = { key: transfer.key, sending };
  return sending.done;
}

function arrived(transfer: Transfer, upload: Upload): void {
  drop(transfer.key);
  void refreshUploads();
  if (batch === 1) navigate(uploadPath(upload.id));
  else announce(`${transfer.name} has arrived`);
}
