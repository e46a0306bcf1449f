// A file may be dropped anywhere on the page, and pasted anywhere outside a field.
import { useEffect, useState } from "preact/hooks";
import { send } from "../state/transfers";
import { navigate, route } from "../state/router";
import { carriesFiles, filesFrom, textFile } from "./files-from";

export function WindowDrop() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const dragging = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const dropped = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (!carriesFiles(event)) return;
      event.preventDefault();
      take(filesFrom(event.dataTransfer?.files ?? null));
    };
    const pasted = (event: ClipboardEvent) => {
      const target = event.target;
      if (target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]")) return;
      const files = filesFrom(event.clipboardData?.files ?? null);
      if (files.length > 0) return take(files);
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (text.includes("\n")) take([textFile(text)]);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", dragging);
    window.addEventListener("drop", dropped);
    window.addEventListener("paste", pasted);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", dragging);
      window.removeEventListener("drop", dropped);
      window.removeEventListener("paste", pasted);
    };
  }, []);
  return over ? <div class="window-drop" aria-hidden="true"><p>Drop to upload</p></div> : null;
}

function take(files: ReturnType<typeof filesFrom>): void {
  if (files.length === 0) return;
  if (route.value.kind !== "home") navigate("/");
  send(files);
}
