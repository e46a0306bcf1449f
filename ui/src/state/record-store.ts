// Windows of records for the table: fetched when they come into view, kept within a fixed memory.
import { signal } from "@preact/signals";
import { getRecords } from "../api/client";
import { asFailure, type ApiFailure } from "../api/failure";
import type { RecordRow } from "../api/types";
import { PageCache, pagesFor } from "../lib/page-cache";

const CELLS_PER_PAGE = 4000;
const PAGES_KEPT = 60;
/** While somebody drags the scroll bar, nothing is fetched that is gone again at once. */
const WAIT_MS = 40;

export class RecordStore {
  /** Grows with every change, so that the table draws again. */
  readonly version = signal(0);
  readonly failure = signal<ApiFailure | null>(null);

  private readonly pageSize: number;
  private readonly cache = new PageCache<RecordRow[]>(PAGES_KEPT);
  private readonly pending = new Map<number, AbortController>();
  private timer = 0;

  constructor(private readonly id: string, columns: number) {
    this.pageSize = Math.max(10, Math.min(200, Math.floor(CELLS_PER_PAGE / Math.max(1, columns))));
  }

  row(index: number): RecordRow | undefined {
    return this.cache.get(Math.floor(index / this.pageSize))?.[index % this.pageSize];
  }

  /** Says which rows are on screen; what is missing of them is fetched, what is no longer needed is not. */
  want(first: number, last: number): void {
    clearTimeout(this.timer);
    const pages = pagesFor(first, last, this.pageSize);
    for (const [page, controller] of this.pending) {
      if (!pages.includes(page)) {
        controller.abort();
        this.pending.delete(page);
      }
    }
    if (this.failure.value !== null || pages.every((page) => this.cache.has(page) || this.pending.has(page))) return;
    this.timer = window.setTimeout(() => pages.forEach((page) => void this.fetchPage(page)), WAIT_MS);
  }

  retry(): void {
    this.failure.value = null;
    this.version.value += 1;
  }

  close(): void {
    clearTimeout(this.timer);
    for (const controller of this.pending.values()) controller.abort();
    this.pending.clear();
  }

  private async fetchPage(page: number): Promise<void> {
    if (this.cache.has(page) || this.pending.has(page)) return;
    const controller = new AbortController();
    this.pending.set(page, controller);
    try {
      const found = await getRecords(this.id, page * this.pageSize, this.pageSize, controller.signal);
      this.cache.set(page, found.records);
      this.version.value += 1;
    } catch (error) {
      if (!controller.signal.aborted) this.failure.value = asFailure(error);
    } finally {
      if (this.pending.get(page) === controller) this.pending.delete(page);
    }
  }
}
