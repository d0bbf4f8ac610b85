import { type ReadonlySignal, signal } from "@preact/signals";
import { ApiError } from "../api/client";

/** What was read, and when by the page's monotonic clock (milliseconds). */
export interface Reading<T> {
  readonly value: T;
  readonly receivedAt: number;
}

/**
 * One thing that is read from the node again and again. What was read stays when reading fails: the page shows it grey,
 * with its age. Readings that are asked for while one is under way become one more, afterwards.
 */
export class Resource<T> {
  private readonly read_ = signal<Reading<T> | null>(null);
  private readonly error_ = signal<ApiError | null>(null);
  private under: AbortController | null = null;
  private again = false;

  constructor(private readonly load: (abort: AbortSignal) => Promise<T>) {}

  get reading(): ReadonlySignal<Reading<T> | null> {
    return this.read_;
  }

  /** Why the newest attempt failed; null when it did not. */
  get error(): ReadonlySignal<ApiError | null> {
    return this.error_;
  }

  /** The newest value without its age. */
  get value(): T | null {
    return this.read_.value?.value ?? null;
  }

  /** Read it (anew). Never rejects. */
  async refresh(): Promise<void> {
    if (this.under) {
      this.again = true;
      return;
    }
    do {
      this.again = false;
      await this.once();
    } while (this.again);
  }

  /** Forget what is being read, and read nothing more. */
  stop(): void {
    this.again = false;
    this.under?.abort();
    this.under = null;
  }

  private async once(): Promise<void> {
    const mine = new AbortController();
    this.under = mine;
    try {
      const value = await this.load(mine.signal);
      if (this.under !== mine) return;
      this.read_.value = { value, receivedAt: performance.now() };
      this.error_.value = null;
    } catch (error) {
      if (this.under === mine && !mine.signal.aborted) this.error_.value = asApiError(error);
    } finally {
      if (this.under === mine) this.under = null;
    }
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, `the answer cannot be read: ${String(error)}`);
}
