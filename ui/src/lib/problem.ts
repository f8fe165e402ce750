// What can go wrong with a request, as one error with a stable code. Shows nothing: screens choose the words by code.
import type { Problem } from "./api-types";

/** `code` is the server's, or one of ours: `network` (no answer came), `unknown` (an answer without a code). */
export class ApiProblem extends Error {
  override name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly fields: readonly { field: string; code: string }[];

  constructor(status: number, code: string, requestId: string | null = null, fields: ApiProblem["fields"] = []) {
    super(code);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.fields = fields;
  }
}

export function problemOf(response: Response, body: unknown): ApiProblem {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const fields = (problem.errors ?? []).flatMap((fault) => (fault.field ? [{ field: fault.field, code: String(fault.code) }] : []));
  return new ApiProblem(response.status, problem.code ?? "unknown", response.headers.get("x-request-id"), fields);
}

export function codeOf(error: unknown): string {
  return error instanceof ApiProblem ? error.code : "unknown";
}
