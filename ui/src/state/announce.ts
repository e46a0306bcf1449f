// One polite live region for the whole page: what a screen reader should hear when something happened elsewhere.
import { signal } from "@preact/signals";

export const announcement = signal("");

export function announce(text: string): void {
  // a repeated text is only read again when the region changes
  announcement.value = announcement.value === text ? `${text}\u00a0` : text;
}
