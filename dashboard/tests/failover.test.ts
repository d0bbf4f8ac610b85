import { describe, expect, it } from "vitest";
import { Failover, firstAlive, otherAddresses } from "../src/api/failover";
import { member } from "./samples";

/** A browser in front of nodes of which some answer; it gives up waiting after a hundred rounds. */
function browser(answers: (address: string, round: number) => boolean, others = ["http://b", "http://c"]) {
  const moved: string[] = [];
  let round = 0;
  const failover = new Failover({
    others: () => others,
    alive: async (address) => answers(address, round),
    move: (address) => void moved.push(address),
    wait: async () => {
      round += 1;
      if (round > 100) throw new Error("still looking");
    },
  });
  return { failover, moved };
}

describe("a page whose node does not answer", () => {
  it("stays when the node answers again", async () => {
    const { failover, moved } = browser((address, round) => address === "" && round >= 1);
    await failover.suspect();
    expect(moved).toEqual([]);
  });

  it("goes on with a member that answers", async () => {
    const { failover, moved } = browser((address) => address === "http://c");
    await failover.suspect();
    expect(moved).toEqual(["http://c"]);
  });

  it("goes on looking while none answers", async () => {
    const { failover, moved } = browser((address, round) => address === "http://b" && round === 20);
    await failover.suspect();
    expect(moved).toEqual(["http://b"]);
  });

  it("looks once, however many requests fail", async () => {
    const { failover, moved } = browser((address) => address === "http://b");
    await Promise.all([failover.suspect(), failover.suspect(), failover.suspect()]);
    expect(moved).toEqual(["http://b"]);
  });
});

describe("the members it knows", () => {
  it("are those with an address, but the own one", () => {
    const members = [member(), member({ name: "node2", http: "10.0.0.2:8080" }), member({ name: "node3", http: "" })];
    const page = { protocol: "http:", host: "127.0.0.1:8080" } as Location;
    expect(otherAddresses(members, "node1", page)).toEqual(["http://10.0.0.2:8080"]);
  });

  it("are none when none answers", async () => {
    expect(await firstAlive(["http://a"], async () => false)).toBeNull();
    expect(await firstAlive([], async () => true)).toBeNull();
  });
});
