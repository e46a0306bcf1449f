// Asks before an upload is deleted, and shows why when that fails.
import { useState } from "preact/hooks";
import { asFailure, type ApiFailure } from "../api/failure";
import { isActive } from "../api/events";
import type { Upload } from "../api/types";
import { removeUpload } from "../state/uploads";
import { Dialog } from "./Dialog";
import { FailureNotice } from "./FailureNotice";

interface Props {
  upload: Upload;
  close: () => void;
  deleted: () => void;
}

export function ConfirmDelete({ upload, close, deleted }: Props) {
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const [working, setWorking] = useState(false);
  const confirm = async () => {
    setWorking(true);
    try {
      await removeUpload(upload);
      deleted();
    } catch (error) {
      setFailure(asFailure(error));
      setWorking(false);
    }
  };
  return (
    <Dialog title="Delete this upload?" close={close}>
      <p>
        <strong class="break">{upload.name}</strong> will be deleted with its original and all files made from it.
        {isActive(upload.state) && " Processing stops."} This cannot be undone.
      </p>
      {failure && <FailureNotice failure={failure} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={close}>Keep it</button>
        <button type="button" class="button button-danger" disabled={working} onClick={() => void confirm()}>Delete</button>
      </div>
    </Dialog>
  );
}
