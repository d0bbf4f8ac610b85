import { cleanup, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OverviewPage } from "../src/api/model";
import { OverviewView } from "../src/views/overview";
import { summary } from "../src/store/summary";
import { overviewPage } from "./samples";

/** The view of what a node answers. */
async function shown(page: OverviewPage): Promise<HTMLElement> {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(page), { headers: { "Content-Type": "application/json" } }));
  await summary.refresh();
  const { container } = render(<OverviewView />);
  await waitFor(() => expect(screen.getByText("Targets that need somebody")).toBeTruthy());
  return container as HTMLElement;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the overview", () => {
  it("names the targets that need somebody, and how many it does not name", async () => {
    const targets = [{ name: "Sales - chat", why: "the platform refuses it: no such page" }];
    const view = await shown(overviewPage({ needing: { total: 3, targets } }));
    expect(within(view).getByRole("link", { name: "Sales - chat" }).getAttribute("href")).toContain("Sales");
    expect(view.textContent).toContain("the platform refuses it: no such page");
    expect(view.textContent).toContain("And 2 more.");
  });

  it.each([
    ["no target does", overviewPage(), "None."],
    ["no cycle has calculated", overviewPage({ needing: { total: null, targets: [] } }), "No cycle has calculated yet."],
  ])("says that %s", async (_what, page, words) => {
    expect((await shown(page)).textContent).toContain(words);
  });

  it("counts targets with no invitation by what limits them", async () => {
    const view = await shown(overviewPage({ targets: 5, reasons: { warming_up: 3, agents_available: 2 }, without_invitations: { warming_up: 2 } }));
    const rows = within(view).getByRole("table", { name: "Targets by what limits them" }).querySelectorAll("tbody tr");
    expect([...rows].map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent))).toEqual([
      ["warming up", "3", "2"],
      ["agents available", "2", "0"],
    ]);
  });

  it("says of a node of an earlier version that it does not say", async () => {
    const { without_invitations: _without, needing: _needing, ...earlier } = overviewPage({ targets: 1, reasons: { warming_up: 1 } });
    const view = await shown(earlier);
    expect(view.textContent).toContain("of an earlier version and does not say");
    expect(view.querySelector("table.reasons td:nth-of-type(2)")?.textContent).toBe("–");
    expect(view.textContent).not.toContain("None.");
  });
});
