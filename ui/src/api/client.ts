// Calls of the full face (/api/v1), one function each. Uploading is in upload.ts, live progress in events.ts.
import { failureFromBody, localFailure } from "./failure";
import type { Limits, ProblemPage, RecordPage, Report, Settings, Upload, UploadPage } from "./types";

const BASE = "/api/v1";

async function call<T>(method: string, path: string, options: { body?: unknown; signal?: AbortSignal } = {}): Promise<T> {
  const init: RequestInit = { method, headers: { accept: "application/json" } };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    init.headers = { accept: "application/json", "content-type": "application/json" };
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(BASE + path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw localFailure("offline", "the server did not answer");
  }
  const text = await response.text();
  if (!response.ok) throw failureFromBody(text, response.status, response.headers.get("x-request-id"));
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function query(values: Record<string, string | number | null | undefined>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") pairs.set(name, String(value));
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}

const at = (id: string) => `/uploads/${encodeURIComponent(id)}`;

export const getLimits = () => call<Limits>("GET", "/limits");
export const listUploads = (cursor: string | null, limit: number) =>
  call<UploadPage>("GET", `/uploads${query({ limit, cursor })}`);
export const getUpload = (id: string, signal?: AbortSignal) => call<Upload>("GET", at(id), signal ? { signal } : {});
export const deleteUpload = (id: string) => call<void>("DELETE", at(id));
export const cancelUpload = (id: string) => call<Upload>("POST", `${at(id)}/cancel`);
export const getReport = (id: string) => call<Report>("GET", `${at(id)}/report`);
export const reprocessUpload = (id: string, settings: Settings) =>
  call<Upload>("POST", `${at(id)}/reprocess`, { body: settings });

export const getRecords = (id: string, offset: number, limit: number, signal: AbortSignal) =>
  call<RecordPage>("GET", `${at(id)}/records${query({ offset, limit })}`, { signal });

export interface ProblemFilter {
  code?: string | null;
  column?: number | null;
  cursor?: string | null;
  limit: number;
}

export const listProblems = (id: string, filter: ProblemFilter) =>
  call<ProblemPage>("GET", `${at(id)}/problems${query({ ...filter })}`);
