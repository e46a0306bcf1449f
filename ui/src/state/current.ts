// The upload that is open: its state, its live progress and its report.
import { batch, signal } from "@preact/signals";
import { cancelUpload, getReport, getUpload, reprocessUpload } from "../api/client";
import { isActive, watchUpload } from "../api/events";
import { asFailure, type ApiFailure } from "../api/failure";
import type { Report, Settings, Upload } from "../api/types";
import { dataRecords } from "../lib/data-records";
import { plural } from "../lib/format";
import { announce } from "./announce";

export const upload = signal<Upload | null>(null);
export const report = signal<Report | null>(null);
export const failure = signal<ApiFailure | null>(null);
/** Grows whenever the report was loaded anew, so that windows of the table are fetched again. */
export const generation = signal(0);

let stopWatching: (() => void) | null = null;
let openId: string | null = null;

/** Opens an upload; returns a function that closes it. */
export function openUpload(id: string): () => void {
  openId = id;
  batch(() => {
    upload.value = null;
    report.value = null;
    failure.value = null;
  });
  void load(id);
  return () => {
    if (openId === id) openId = null;
    stopWatching?.();
    stopWatching = null;
  };
}

async function load(id: string): Promise<void> {
  try {
    const found = await getUpload(id);
    if (openId !== id) return;
    upload.value = found;
    if (isActive(found.state)) follow(id);
    await loadReport(id, found);
  } catch (error) {
    if (openId === id) failure.value = asFailure(error);
  }
}

async function loadReport(id: string, of: Upload): Promise<void> {
  if (of.state === "failed" || of.state === "cancelled") return;
  try {
    const found = await getReport(id);
    if (openId !== id) return;
    batch(() => {
      report.value = found;
      generation.value += 1;
    });
  } catch (error) {
    // no report yet is the normal case while the first run is going on
    if (asFailure(error).status !== 409) throw error;
  }
}

function follow(id: string): void {
  stopWatching?.();
  stopWatching = watchUpload(id, {
    progress(state, progress) {
      if (openId !== id || !upload.value) return;
      upload.value = { ...upload.value, state, progress };
    },
    done(finished) {
      if (openId !== id) return;
      upload.value = finished;
      announce(finishedWords(finished));
      loadReport(id, finished).catch((error: unknown) => {
        failure.value = asFailure(error);
      });
    },
    lost(error) {
      if (openId === id) failure.value = asFailure(error);
    },
  });
}

/** Starts a new run with these settings; throws an `ApiFailure` when the server refuses them. */
export async function reprocess(settings: Settings): Promise<void> {
  const id = upload.value?.id;
  if (id === undefined) return;
  const started = await reprocessUpload(id, settings);
  if (openId !== id) return;
  upload.value = started;
  announce("processing again with your settings");
  if (isActive(started.state)) follow(id);
  else await loadReport(id, started);
}

export async function cancelRun(): Promise<void> {
  const id = upload.value?.id;
  if (id === undefined) return;
  try {
    const cancelled = await cancelUpload(id);
    if (openId === id) upload.value = cancelled;
  } catch (error) {
    // it was done before the request came: the event stream tells the end
    if (asFailure(error).status !== 409) failure.value = asFailure(error);
  }
}

function finishedWords(finished: Upload): string {
  const summary = finished.summary;
  if (finished.state === "failed") return `processing of ${finished.name} failed`;
  if (finished.state === "cancelled") return `processing of ${finished.name} was cancelled`;
  if (!summary) return `${finished.name} is done`;
  return `${finished.name} is done: ${plural(dataRecords(summary), "record")}, ${plural(summary.problems, "problem")}`;
}
