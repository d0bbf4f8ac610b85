/** What the page does when its node no longer answers: it goes on with another member it knows. */

const PROBE_MS = 1_000;
const TRIES = 2;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3_000;

/** The parts of the browser it needs; tests give their own. */
export interface Surroundings {
  /** Addresses of the other members, as this page learned them while its node answered. */
  others(): string[];
  /** Whether the node at this address answers; "" is the one that served the page. */
  alive(address: string): Promise<boolean>;
  /** Show the same view on the node at this address. */
  move(address: string): void;
  wait(ms: number): Promise<void>;
}

/** Looks for a node that answers, once at a time. */
export class Failover {
  private looking = false;

  constructor(private readonly around: Surroundings) {}

  /** Told of each exchange that failed. Ends when the own node answers again, or the page has moved. */
  async suspect(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      await this.look();
    } finally {
      this.looking = false;
    }
  }

  private async look(): Promise<void> {
    for (let round = 1; ; round += 1) {
      if (await this.around.alive("")) return;
      const next = round >= TRIES ? await firstAlive(this.around.others(), this.around.alive) : null;
      if (next !== null) {
        this.around.move(next);
        return;
      }
      await this.around.wait(Math.min(PAUSE_MS * round, LONGEST_PAUSE_MS));
    }
  }
}

/** The address that answers first; null when none does. */
export async function firstAlive(
  addresses: readonly string[],
  alive: (address: string) => Promise<boolean>,
): Promise<string | null> {
  const asked = addresses.map(async (address) => {
    if (await alive(address)) return address;
    throw new Error(address);
  });
  return Promise.any(asked).catch(() => null);
}

/** Addresses of the members but those the page itself came from. */
export function otherAddresses(
  members: readonly { http: string; name: string }[],
  answeredBy: string,
  page: Location,
): string[] {
  return members
    .filter((member) => member.name !== answeredBy && member.http !== "" && member.http !== page.host)
    .map((member) => `${page.protocol}//${member.http}`);
}

/** Asks whether a node answers. The answer of another origin cannot be read, and need not be; a proxy's 502 can. */
export async function probe(root: URL): Promise<boolean> {
  const own = root.origin === location.origin;
  try {
    const signal = AbortSignal.timeout(PROBE_MS);
    const answer = await fetch(new URL("liveness", root), { mode: own ? "same-origin" : "no-cors", cache: "no-store", signal });
    return !own || answer.ok;
  } catch {
    return false;
  }
}
