// Live progress of one upload: server-sent events, and plain polling where these do not come through.
import { getUpload } from "./client";
import type { Progress, ProgressEvent, Upload, UploadState } from "./types";

export interface Watcher {
  progress(state: UploadState, progress: Progress): void;
  done(upload: Upload): void;
  lost(error: unknown): void;
}

const POLL_MS = 1000;
const GIVE_UP_AFTER = 30;

/** Calls the watcher until the upload has reached its end; returns a function that stops it. */
export function watchUpload(id: string, watcher: Watcher): () => void {
  let stopped = false;
  let timer = 0;
  let failures = 0;
  const source = new EventSource(`/api/v1/uploads/${encodeURIComponent(id)}/events`);

  const stop = () => {
    stopped = true;
    source.close();
    clearTimeout(timer);
  };

  const poll = async () => {
    try {
      const upload = await getUpload(id);
      if (stopped) return;
      failures = 0;
      if (isActive(upload.state)) watcher.progress(upload.state, upload.progress);
      else {
        stop();
        watcher.done(upload);
        return;
      }
    } catch (error) {
      if (stopped) return;
      failures += 1;
      if (failures >= GIVE_UP_AFTER || isGone(error)) {
        stop();
        watcher.lost(error);
        return;
      }
    }
    timer = window.setTimeout(() => void poll(), POLL_MS);
  };

  source.addEventListener("progress", (event) => {
    const data = JSON.parse((event as MessageEvent<string>).data) as ProgressEvent;
    watcher.progress(data.state, data.progress);
  });
  source.addEventListener("done", (event) => {
    if (stopped) return;
    stop();
    watcher.done(JSON.parse((event as MessageEvent<string>).data) as Upload);
  });
  source.onerror = () => {
    if (stopped) return;
    source.close();
    void poll();
  };
  return stop;
}

export function isActive(state: UploadState): boolean {
  return state === "queued" || state === "processing";
}

function isGone(error: unknown): boolean {
  return error !== null && typeof error === "object" && "status" in error && error.status === 404;
}
