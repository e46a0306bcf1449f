// The list of recent uploads on the start page.
import { signal } from "@preact/signals";
import { deleteUpload, listUploads } from "../api/client";
import { isActive } from "../api/events";
import { asFailure, type ApiFailure } from "../api/failure";
import type { Upload } from "../api/types";
import { announce } from "./announce";

const PAGE = 20;
const REFRESH_MS = 2000;

export const uploads = signal<Upload[] | null>(null);
export const nextCursor = signal<string | null>(null);
export const listFailure = signal<ApiFailure | null>(null);

let timer = 0;
let watching = false;

/** Loads the newest uploads again; further pages that were shown stay. */
export async function refreshUploads(): Promise<void> {
  try {
    const page = await listUploads(null, PAGE);
    const shown = uploads.value ?? [];
    const newest = new Set(page.items.map((u) => u.id));
    const oldestId = page.items[page.items.length - 1]?.id;
    // ids are ordered by time: what is older than the first page was loaded by "show more"
    const older = oldestId === undefined ? [] : shown.filter((u) => !newest.has(u.id) && u.id < oldestId);
    uploads.value = [...page.items, ...older];
    if (older.length === 0) nextCursor.value = page.next_cursor ?? null;
    listFailure.value = null;
  } catch (error) {
    listFailure.value = asFailure(error);
  }
  schedule();
}

export async function moreUploads(): Promise<void> {
  const cursor = nextCursor.value;
  if (cursor === null) return;
  try {
    const page = await listUploads(cursor, PAGE);
    uploads.value = [...(uploads.value ?? []), ...page.items];
    nextCursor.value = page.next_cursor ?? null;
  } catch (error) {
    listFailure.value = asFailure(error);
  }
}

/** Deletes an upload with all its files; throws an `ApiFailure` when the server refuses. */
export async function removeUpload(upload: Upload): Promise<void> {
  try {
    await deleteUpload(upload.id);
  } catch (error) {
    const failure = asFailure(error);
    // somebody else was faster: it is gone all the same
    if (failure.status !== 404) throw failure;
  }
  uploads.value = (uploads.value ?? []).filter((u) => u.id !== upload.id);
  announce(`${upload.name} deleted`);
}

/** While the list is on screen it follows uploads that are still being worked on. */
export function watchUploads(): () => void {
  watching = true;
  void refreshUploads();
  return () => {
    watching = false;
    clearTimeout(timer);
  };
}

function schedule(): void {
  clearTimeout(timer);
  const active = (uploads.value ?? []).some((u) => isActive(u.state));
  if (watching && active) timer = window.setTimeout(() => void refreshUploads(), REFRESH_MS);
}
