// The place to drop, choose or paste a file.
import { useRef, useState } from "preact/hooks";
import { bytes } from "../lib/format";
import { limits } from "../state/limits";
import { send } from "../state/transfers";
import { filesFrom } from "./files-from";
import { Icon } from "./Icon";
import { PasteDialog } from "./PasteDialog";

export function DropZone() {
  const input = useRef<HTMLInputElement>(null);
  const [pasting, setPasting] = useState(false);
  const largest = limits.value?.max_upload_bytes;
  const chosen = () => {
    const files = filesFrom(input.current?.files ?? null);
    if (input.current) input.current.value = "";
    if (files.length > 0) send(files);
  };
  return (
    <section class="drop-zone" aria-labelledby="drop-title">
      <div class="drop-icon"><Icon name="upload" size={26} /></div>
      <h2 id="drop-title">Drop a CSV file here</h2>
      <div class="drop-actions">
        <button type="button" class="button button-primary" onClick={() => input.current?.click()}>Choose a file</button>
        <button type="button" class="button" onClick={() => setPasting(true)}><Icon name="clipboard" size={16} />Paste text</button>
      </div>
      <input ref={input} class="visually-hidden" type="file" multiple tabIndex={-1} aria-hidden="true" onChange={chosen} />
      <p class="drop-hint">
        Any delimiter, any encoding, plain or compressed (gzip, zstd, bzip2, xz, zip)
        {largest !== undefined && <>, up to {bytes(largest)}</>}
      </p>
      {pasting && <PasteDialog close={() => setPasting(false)} />}
    </section>
  );
}
