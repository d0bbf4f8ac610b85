/** Reads and orders of the node that served the page. Addresses are relative: a proxy may put a path before them. */

const TIMEOUT_MS = 5_000;

/** The root of the node: the dashboard itself is one level below. */
export const ROOT = new URL("../", document.baseURI);

/** What the node answered instead of what was asked. `status` 0: nothing at all arrived. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

/** Called after each exchange: whether the node answered, whatever it said. */
export type Contact = (answered: boolean) => void;
let contact: Contact = () => {};

/** Tell `listener` of every exchange with the node. */
export function onContact(listener: Contact): void {
  contact = listener;
}

/** Called with the dashboard that the answering node serves, in a word; not for a node that does not say. */
export type Served = (build: string) => void;
let served: Served = () => {};

/** Tell `listener` which dashboard each answer is from. */
export function onServed(listener: Served): void {
  served = listener;
}

/** Asks the node; raises ApiError for everything but a success within the time. */
export async function exchange(path: string, init: RequestInit = {}, timeoutMs = TIMEOUT_MS): Promise<Response> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
  let answer: Response;
  try {
    answer = await fetch(new URL(path, ROOT), { ...init, signal, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    contact(false);
    throw new ApiError(0, deadline.aborted ? `no answer within ${timeoutMs / 1000} s` : "the node does not answer");
  }
  contact(true);
  const build = answer.headers.get("Pacing-Dashboard");
  if (build) served(build);
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** Reads JSON. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await exchange(path, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) });
  return (await answer.json()) as T;
}

/** The words of a refusal: problem details (RFC 9457), else what the pages say, else the status. */
async function refusal(answer: Response): Promise<ApiError> {
  const body: unknown = await answer.json().catch(() => null);
  return new ApiError(answer.status, words(body) || `the node answered ${answer.status} ${answer.statusText}`, body);
}

function words(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const { detail, title, error } = body as Record<string, unknown>;
  return [detail, title, error].find((each): each is string => typeof each === "string" && each !== "") ?? "";
}
