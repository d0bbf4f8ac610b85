import { Fresh } from "../components/stale";
import { useReadings } from "../store/polling";
import { bodyOf, type Call, callsByTag, nameOf, openapi, type OpenApi, type Parameter, type Schema, typeOf } from "../store/openapi";

/** The document does not change while a node runs. */
const NEVER_OLD = Number.POSITIVE_INFINITY;

/** The API as the node that answers describes it: every call, its parameters and answers, and every schema. */
export function ApiView() {
  useReadings(() => void (openapi.value || openapi.refresh()), []);
  const document = openapi.value;
  return (
    <>
      <h1>API</h1>
      <Fresh of={openapi} limitSeconds={NEVER_OLD}>{document && <Shown document={document} />}</Fresh>
    </>
  );
}

function Shown({ document }: { document: OpenApi }) {
  const schemas = Object.entries(document.components?.schemas ?? {});
  return (
    <div class="api">
      <p>{document.info.title} {document.info.version}. <Prose text={document.info.description} /> <a href="../api/v1/openapi.json">The document itself</a> (OpenAPI 3.1).</p>
      {callsByTag(document).map(([tag, calls]) => (
        <section key={tag} aria-label={tag}>
          <h2>{tag}</h2>
          {calls.map((call) => <OneCall key={call.method + call.path} call={call} />)}
        </section>
      ))}
      <section aria-label="schemas">
        <h2>schemas</h2>
        {schemas.map(([name, schema]) => (
          <details key={name} id={`schema-${name}`}>
            <summary><code>{name}</code></summary>
            {schema.description && <p><Prose text={schema.description} /></p>}
            {schema.enum && <p>One of {schema.enum.map(String).join(", ")}.</p>}
            <Fields schema={schema} />
          </details>
        ))}
      </section>
    </div>
  );
}

function OneCall({ call }: { call: Call }) {
  const { method, path, operation } = call;
  const body = bodyOf(operation.requestBody);
  return (
    <details>
      <summary><strong>{method}</strong> <code>{path}</code> <span class="quiet">{operation.summary}</span></summary>
      {operation.description && <p><Prose text={operation.description} /></p>}
      <Parameters parameters={operation.parameters ?? []} />
      {body && <p>Body: <Type schema={body} /></p>}
      <table>
        <thead><tr><th>status</th><th>when</th><th>body</th></tr></thead>
        <tbody>
          {Object.entries(operation.responses).map(([status, answer]) => (
            <tr key={status}><th scope="row">{status}</th><td><Prose text={answer.description} /></td><td>{bodyOf(answer) && <Type schema={bodyOf(answer)} />}</td></tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  if (!parameters.length) return null;
  return (
    <table>
      <thead><tr><th>parameter</th><th>in</th><th>type</th><th>meaning</th></tr></thead>
      <tbody>
        {parameters.map((each) => (
          <tr key={each.in + each.name}><th scope="row">{each.name}{each.required && " *"}</th><td>{each.in}</td><td><Type schema={each.schema} /></td><td><Prose text={each.description} /></td></tr>
        ))}
      </tbody>
    </table>
  );
}

function Fields({ schema }: { schema: Schema }) {
  const fields = Object.entries(schema.properties ?? {});
  if (!fields.length) return null;
  return (
    <table>
      <thead><tr><th>field</th><th>type</th><th>meaning</th></tr></thead>
      <tbody>
        {fields.map(([name, field]) => (
          <tr key={name}><th scope="row">{name}{schema.required?.includes(name) && " *"}</th><td><Type schema={field} /></td><td><Prose text={field.description} /></td></tr>
        ))}
      </tbody>
    </table>
  );
}

/** Text of the document, in which backticks mark code. */
function Prose({ text = "" }: { text?: string | undefined }) {
  return <>{text.split("`").map((part, place) => (place % 2 ? <code key={place}>{part}</code> : part))}</>;
}

/** A type; one that has a schema of its own leads there. */
function Type({ schema }: { schema: Schema | undefined }) {
  const name = nameOf(schema);
  if (!name) return <>{typeOf(schema)}</>;
  return <button type="button" class="plain" onClick={() => open(name)}>{name}</button>;
}

/** The fragment of the address is the view, so a schema is opened by hand. */
function open(name: string): void {
  const element = document.getElementById(`schema-${name}`);
  if (!(element instanceof HTMLDetailsElement)) return;
  element.open = true;
  element.querySelector("summary")?.focus();
}
