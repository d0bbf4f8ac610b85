import { describe, expect, it } from "vitest";
import { ApiError } from "../src/api/client";
import { Resource } from "../src/store/resource";

describe("a resource", () => {
  it("keeps what was read, with its time, when reading fails", async () => {
    let fail = false;
    const resource = new Resource(async () => {
      if (fail) throw new ApiError(0, "the node does not answer");
      return 7;
    });
    await resource.refresh();
    const before = resource.reading.value;
    fail = true;
    await resource.refresh();
    expect(resource.reading.value).toBe(before);
    expect(resource.error.value?.message).toBe("the node does not answer");
    fail = false;
    await resource.refresh();
    expect(resource.error.value).toBeNull();
  });

  it("reads once more, not five times more, when asked while reading", async () => {
    let reads = 0;
    let finish = () => {};
    const resource = new Resource(() => {
      reads += 1;
      return new Promise<number>((resolve) => {
        finish = () => resolve(reads);
      });
    });
    const first = resource.refresh();
    for (let n = 0; n < 5; n += 1) void resource.refresh();
    finish();
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    finish();
    await first;
    expect(reads).toBe(2);
    expect(resource.value).toBe(2);
  });

  it("shows nothing of a reading that was stopped", async () => {
    let finish = (_value: number) => {};
    const resource = new Resource(() => new Promise<number>((resolve) => {
      finish = resolve;
    }));
    const reading = resource.refresh();
    resource.stop();
    finish(1);
    await reading;
    expect(resource.value).toBeNull();
  });
});
