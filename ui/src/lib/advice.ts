// What a person can do about a failed request, by its code.

const ADVICE: Record<string, string> = {
  "request-invalid": "check the values you entered; if the page sent them on its own, load it again",
  "file-missing": "choose a file and send it again",
  "body-incomplete": "the connection broke on the way; send the file again",
  "not-csv": "send the table as CSV text: in a spreadsheet, use Save as and choose CSV",
  "route-not-found": "check the address, or go back to the start page",
  "upload-not-found": "it may have been deleted; go back to the list of uploads",
  "file-not-found": "the file is not there in this state; process the upload again to make it",
  "request-timeout": "the connection was too slow; try again, or compress the file first (gzip or zip works)",
  "upload-state-conflict": "wait until the upload has reached its next state, then try again",
  "upload-held": "a legal hold is set on it; ask the operator",
  "upload-too-large": "split the file, compress it (gzip or zip works), or ask the operator to raise the limit",
  "file-too-large": "split the file, compress it (gzip or zip works), or ask the operator to raise the limit",
  "media-type-unsupported": "send the file as plain CSV text",
  "upload-refused": "correct the records that break the rules, or choose to set bad records aside",
  "idempotency-key-in-use": "the same request is still under way; wait for its answer",
  "idempotency-key-reused": "load the page again, then do it once more",
  "precondition-failed": "the upload was processed again; load the page again",
  "internal": "try again; if it happens again, tell the operator the request id",
  "busy": "wait a moment and try again",
  "store-unavailable": "wait a moment and try again; nothing that was acknowledged is lost",
  "storage-full": "delete uploads that are no longer needed, or ask the operator for more room",
  "offline": "check that the server is running and reachable, then try again",
  "cancelled": "drop the file again when you are ready",
  "file-unreadable": "drop files, not folders, and check that the file still exists",
};

export function adviceFor(code: string, status: number): string {
  const advice = ADVICE[code];
  if (advice !== undefined) return advice;
  if (status === 429) return "too many requests came from here; wait a moment and try again";
  if (status >= 500) return "try again; if it happens again, tell the operator the request id";
  return "go back and try again";
}
