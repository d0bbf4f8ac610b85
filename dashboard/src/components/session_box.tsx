import { useState } from "preact/hooks";
import { begin, end, session } from "../store/session";
import { Dialog } from "./dialog";

/** Who asks; to show a token, and to forget it. */
export function SessionBox() {
  const [asking, ask] = useState(false);
  const who = session.value;
  if (!who) return null;
  if (who.session) {
    return <button type="button" class="plain" onClick={() => void end()}>{who.name} ({who.role}), end</button>;
  }
  return (
    <>
      {who.role !== null && who.name && <span class="quiet">{who.name} ({who.role})</span>}
      <button type="button" class="plain" onClick={() => ask(true)}>{who.role === null ? "Show a token to read" : "Show a token"}</button>
      {asking && <TokenDialog close={() => ask(false)} />}
    </>
  );
}

function TokenDialog({ close }: { close: () => void }) {
  const [trouble, say] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("token") as HTMLInputElement;
    const token = field.value.trim();
    field.value = "";
    try {
      await begin(token);
      close();
    } catch (error) {
      say((error as Error).message);
    }
  };
  return (
    <Dialog title="Show a token" onClose={close}>
      <form onSubmit={(event) => void submit(event)}>
        <p>The node checks it, keeps it in its memory, and gives this browser a cookie that no script can read.</p>
        <label>token <input name="token" type="password" autocomplete="off" required /></label>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        <p class="buttons"><button type="submit">Begin</button> <button type="button" class="plain" onClick={close}>Cancel</button></p>
      </form>
    </Dialog>
  );
}
