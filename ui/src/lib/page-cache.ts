// Keeps the pages of records that were fetched last, within a fixed memory.

export class PageCache<T> {
  private pages = new Map<number, T>();

  constructor(private readonly capacity: number) {}

  get(page: number): T | undefined {
    const value = this.pages.get(page);
    if (value !== undefined) {
      // a Map keeps the order of insertion: what was used last moves to the end
      this.pages.delete(page);
      this.pages.set(page, value);
    }
    return value;
  }

  has(page: number): boolean {
    return this.pages.has(page);
  }

  set(page: number, value: T): void {
    this.pages.delete(page);
    this.pages.set(page, value);
    while (this.pages.size > this.capacity) {
      const oldest = this.pages.keys().next().value;
      if (oldest === undefined) break;
      this.pages.delete(oldest);
    }
  }

  clear(): void {
    this.pages.clear();
  }
}

/** The pages that cover rows `first` to `last`, inclusive. */
export function pagesFor(first: number, last: number, pageSize: number): number[] {
  const pages: number[] = [];
  if (last < first) return pages;
  for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page += 1) pages.push(page);
  return pages;
}
