// The limits of this server, for hints before anything is sent. The server keeps them, not the page.
import { signal } from "@preact/signals";
import { getLimits } from "../api/client";
import type { Limits } from "../api/types";

export const limits = signal<Limits | null>(null);

export async function loadLimits(): Promise<void> {
  try {
    limits.value = await getLimits();
  } catch {
    // only hints depend on it
  }
}
