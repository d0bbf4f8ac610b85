import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HoldButton } from "../src/components/hold_button";
import { session } from "../src/store/session";

const asked: { path: string; body: unknown }[] = [];

beforeEach(async () => {
  asked.length = 0;
  const shown = { name: "desk", role: "operator", session: true, csrf: "c", orders: ["holdTarget", "releaseTarget"], ends_after_seconds: 60 };
  vi.stubGlobal("fetch", async (address: URL | string, init?: RequestInit) => {
    if (init?.method === "PUT") asked.push({ path: new URL(address, location.href).pathname, body: JSON.parse(String(init.body)) });
    return new Response(JSON.stringify(shown), { headers: { "Content-Type": "application/json" } });
  });
  await session.refresh();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the question before an order", () => {
  it("stays with the target it was asked for when the row shows another one", async () => {
    const row = render(<HoldButton target="Sales - chat" hold={null} />);
    fireEvent.click(screen.getByRole("button", { name: "hold" }));
    row.rerender(<HoldButton target="Loans - chat" hold={null} />);
    expect(screen.getByText("Hold Sales - chat?")).toBeTruthy();
    fireEvent.input(screen.getByLabelText(/why/), { target: { value: "a test" } });
    fireEvent.submit(screen.getByLabelText(/why/).closest("form") as HTMLFormElement);
    await waitFor(() => expect(asked).toHaveLength(1));
    expect(asked[0]?.path).toContain(encodeURIComponent("Sales - chat"));
    expect(asked[0]?.body).toEqual({ why: "a test", seconds: null });
  });

  it("is asked for the new target at the next press", () => {
    const row = render(<HoldButton target="Sales - chat" hold={null} />);
    row.rerender(<HoldButton target="Loans - chat" hold={null} />);
    fireEvent.click(screen.getByRole("button", { name: "hold" }));
    expect(screen.getByText("Hold Loans - chat?")).toBeTruthy();
  });
});
