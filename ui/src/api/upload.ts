// Sends one file. XMLHttpRequest, because fetch cannot tell how much of a body has left.
import { failureFromBody, localFailure, type ApiFailure } from "./failure";
import type { Upload } from "./types";

export interface Sending {
  /** Settles with the upload that the server made of the file, or fails with an `ApiFailure`. */
  done: Promise<Upload>;
  cancel(): void;
}

/** Without parameters: a `charset` that a server added to a sample says nothing about the bytes. */
function mediaType(file: Blob): string {
  return file.type.split(";")[0]?.trim() || "text/csv";
}

export function sendFile(file: Blob, name: string, onProgress: (sentBytes: number) => void): Sending {
  const request = new XMLHttpRequest();
  const done = new Promise<Upload>((resolve, reject: (failure: ApiFailure) => void) => {
    // URLSearchParams, because encodeURIComponent throws at half a surrogate pair, which file names may hold
    request.open("POST", `/api/v1/uploads?${new URLSearchParams({ name }).toString()}`);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", mediaType(file));
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        try {
          resolve(JSON.parse(request.responseText) as Upload);
        } catch {
          reject(failureFromBody("", request.status, request.getResponseHeader("x-request-id")));
        }
      } else {
        reject(failureFromBody(request.responseText, request.status, request.getResponseHeader("x-request-id")));
      }
    };
    request.onerror = () => reject(localFailure("offline", "the connection broke while the file was being sent"));
    request.onabort = () => reject(localFailure("cancelled", "nothing of the file was kept"));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}
