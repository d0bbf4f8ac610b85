import { useState } from "preact/hooks";
import { give, type Order } from "../store/orders";
import { allowed } from "../store/session";
import { Dialog } from "./dialog";

/** A further thing the order asks for. */
export interface Field {
  name: string;
  label: string;
  /** Values to choose from; without them a number of minutes. */
  choices?: { value: string; text: string }[];
}

interface Props {
  operation: string;
  label: string;
  question: string;
  /** What will happen, in words. */
  harm: string;
  order: (why: string, values: Record<string, string>) => Omit<Order, "operation">;
  fields?: Field[];
  done?: () => void;
  grave?: boolean;
}

/**
 * A button for an order, with a question before it. Not there at all for who may not give the order.
 *
 * The question stays the one that was asked: the row of a list may show another target a second later, and an order
 * must not go to a target that nobody chose.
 */
export function OrderButton(props: Props) {
  const [asked, ask] = useState<Props | null>(null);
  if (!allowed.value.has(props.operation)) return null;
  return (
    <>
      <button type="button" class={props.grave ? "grave" : ""} onClick={() => ask(props)}>{props.label}</button>
      {asked && <Question {...asked} close={() => ask(null)} />}
    </>
  );
}

function Question({ operation, question, harm, order, fields = [], done, label, close }: Props & { close: () => void }) {
  const [trouble, say] = useState("");
  const [giving, busy] = useState(false);
  const [key] = useState(() => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const values = Object.fromEntries(fields.map((field) => [field.name, String(given.get(field.name) ?? "")]));
    busy(true);
    try {
      await give({ operation, ...order(String(given.get("why") ?? ""), values) }, key);
      done?.();
      close();
    } catch (error) {
      say((error as Error).message);
    } finally {
      busy(false);
    }
  };
  return (
    <Dialog title={question} onClose={close}>
      <form onSubmit={(event) => void submit(event)}>
        <p>{harm}</p>
        {fields.map((field) => <Input key={field.name} field={field} />)}
        <label>why <input name="why" required maxLength={200} autocomplete="off" /></label>
        {trouble && <p class="trouble" role="alert">{trouble}</p>}
        <p class="buttons">
          <button type="submit" class="grave" disabled={giving}>{giving ? "Ordering …" : label}</button>{" "}
          <button type="button" class="plain" onClick={close}>Cancel</button>
        </p>
      </form>
    </Dialog>
  );
}

function Input({ field }: { field: Field }) {
  if (!field.choices) return <label>{field.label} <input name={field.name} type="number" min={1} max={1440} /></label>;
  return (
    <label>
      {field.label}{" "}
      <select name={field.name}>{field.choices.map((each) => <option key={each.value} value={each.value}>{each.text}</option>)}</select>
    </label>
  );
}
