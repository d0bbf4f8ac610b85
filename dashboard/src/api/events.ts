/** The stream of events of a node (server-sent events), opened again whenever it ends. */

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;

/** What is done with the stream. */
export interface Listener {
  /** An event of the given name, its data as JSON. */
  event(name: string, data: unknown): void;
  /** The stream is open: everything shown may have changed while it was not. */
  opened(): void;
  /** The stream has ended; it is tried again. */
  lost(): void;
}

/**
 * Follows the stream. The browser itself sends `Last-Event-ID` while it reconnects on its own; when it has given up
 * (the node refused, or is gone) a new one is opened after a wait that doubles.
 */
export class EventStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;

  constructor(
    private readonly url: string,
    private readonly names: readonly string[],
    private readonly listener: Listener,
    private readonly open: (url: string) => EventSource = (address) => new EventSource(address),
  ) {}

  start(): void {
    this.stop();
    const source = this.open(this.url);
    this.source = source;
    source.onopen = () => {
      this.wait = FIRST_WAIT_MS;
      this.listener.opened();
    };
    source.onerror = () => this.failed(source);
    for (const name of this.names) source.addEventListener(name, (event) => this.received(name, event));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private received(name: string, event: MessageEvent<string>): void {
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return; // an event that is no JSON says nothing; the readings are fetched anyhow
    }
    this.listener.event(name, data);
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return;
    this.listener.lost();
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }
}
