import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { exchange } from "../src/api/client";
import { NewerPage } from "../src/components/newer_page";
import { startBuild } from "../src/store/build";

/** An exchange with a node that serves this dashboard; "" does not say. */
async function answered(build: string): Promise<void> {
  vi.stubGlobal("fetch", async () => new Response("{}", { headers: build ? { "Pacing-Dashboard": build } : {} }));
  await exchange("api/v1/session");
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("offers the page of a node that serves another one than it did, and keeps the place", async () => {
  startBuild();
  const shown = () => {
    cleanup();
    return render(<NewerPage />).container.textContent;
  };
  await answered("one");
  await answered("");
  expect(shown()).toBe("");
  await answered("two");
  expect(shown()).toContain("serves another version of this page");
  const reload = vi.spyOn(location, "reload").mockImplementation(() => {});
  fireEvent.click(screen.getByRole("button", { name: "Load it" }));
  expect(reload).toHaveBeenCalledOnce();
  await answered("one");
  expect(shown()).toBe("");
});
