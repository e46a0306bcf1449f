// One shape for everything that can go wrong between the page and the server.
import type { ApiProblem } from "./types";

export class ApiFailure extends Error {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly docs: string | null;

  constructor(problem: ApiProblem, status: number, requestId: string | null) {
    super(problem.detail ?? problem.title ?? `the server answered with status ${status}`);
    this.name = "ApiFailure";
    this.code = problem.code ?? "unknown";
    this.title = problem.title ?? "The request failed";
    this.status = status;
    this.requestId = requestId ?? requestFromInstance(problem.instance);
    this.docs = problem.type?.startsWith("/") ? problem.type : null;
  }
}

/** Failures that never reached the server carry codes of the page itself. */
export function localFailure(code: "offline" | "cancelled" | "file-unreadable" | "file-too-large", detail: string): ApiFailure {
  const titles = {
    "offline": "No connection to the server",
    "cancelled": "Upload cancelled",
    "file-unreadable": "The file cannot be read",
    "file-too-large": "Upload too large",
  };
  return new ApiFailure({ code, title: titles[code], detail }, 0, null);
}

export function failureFromBody(text: string, status: number, requestId: string | null): ApiFailure {
  let problem: ApiProblem = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed !== null && typeof parsed === "object") problem = parsed as ApiProblem;
  } catch {
    // not JSON, for example the page of a proxy in between: the status has to do
  }
  return new ApiFailure(problem, status, requestId);
}

export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  if (error instanceof Error) return new ApiFailure({ title: "Something went wrong in the page", detail: error.message }, 0, null);
  return new ApiFailure({}, 0, null);
}

function requestFromInstance(instance: string | undefined): string | null {
  return instance?.startsWith("/requests/") ? instance.slice("/requests/".length) : null;
}
