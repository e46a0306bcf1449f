// The title of the browser's tab.
import { useEffect } from "preact/hooks";

export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? "CSV Processor" : `${title} · CSV Processor`;
  }, [title]);
}
