// The address of the page: `/`, and `/uploads/{id}` with the open tab and cell as its query.
import { signal } from "@preact/signals";

export const TABS = ["overview", "records", "problems", "reading", "downloads"] as const;
export type Tab = (typeof TABS)[number];

export type Route =
  | { kind: "home" }
  | { kind: "upload"; id: string; tab: Tab; record: number | null; column: number | null; code: string | null }
  | { kind: "unknown"; path: string };

export function parseRoute(path: string, search: string): Route {
  if (path === "/" || path === "/index.html") return { kind: "home" };
  const match = /^\/uploads\/([^/]+)\/?$/.exec(path);
  if (!match?.[1]) return { kind: "unknown", path };
  const query = new URLSearchParams(search);
  const tab = query.get("tab");
  return {
    kind: "upload",
    id: decodeURIComponent(match[1]),
    tab: TABS.find((known) => known === tab) ?? "overview",
    record: positive(query.get("record")),
    column: positive(query.get("column")),
    code: query.get("code"),
  };
}

export interface UploadPlace {
  tab?: Tab;
  record?: number | null;
  column?: number | null;
  code?: string | null;
}

export function uploadPath(id: string, place: UploadPlace = {}): string {
  const query = new URLSearchParams();
  if (place.tab && place.tab !== "overview") query.set("tab", place.tab);
  if (place.record) query.set("record", String(place.record));
  if (place.column) query.set("column", String(place.column));
  if (place.code) query.set("code", place.code);
  const text = query.toString();
  return `/uploads/${encodeURIComponent(id)}${text === "" ? "" : `?${text}`}`;
}

function positive(text: string | null): number | null {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}

const here = () => parseRoute(location.pathname, location.search);

export const route = signal<Route>(here());

export function navigate(path: string, options: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (options.replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  route.value = here();
  if (location.pathname !== before) arrive();
}

/** A new page begins at its top, and assistive technology begins to read there. */
function arrive(): void {
  window.scrollTo(0, 0);
  requestAnimationFrame(() => document.getElementById("main")?.focus({ preventScroll: true }));
}

export function startRouter(): void {
  window.addEventListener("popstate", () => {
    route.value = here();
  });
}
