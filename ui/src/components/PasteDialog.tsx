// Takes pasted text as a file.
import { useRef, useState } from "preact/hooks";
import { bytes } from "../lib/format";
import { send } from "../state/transfers";
import { Dialog } from "./Dialog";
import { textFile } from "./files-from";

export function PasteDialog({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") return field.current?.focus();
    close();
    send([textFile(text)]);
  };
  return (
    <Dialog title="Paste CSV text" close={close}>
      <form onSubmit={submit}>
        <label class="field-label" for="paste-text">Text, with its header line if it has one</label>
        <textarea ref={field} id="paste-text" class="input paste-text" rows={10} spellcheck={false} value={text}
          onInput={(event) => setText(event.currentTarget.value)} />
        <div class="dialog-actions">
          <span class="muted">{text === "" ? "" : bytes(new Blob([text]).size)}</span>
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button button-primary">Check this text</button>
        </div>
      </form>
    </Dialog>
  );
}
