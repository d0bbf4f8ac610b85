/** A unified diff, its lines coloured; the marks stay, so that colour is not all that tells. */
export function Diff({ text }: { text: string }) {
  if (!text) return <p class="quiet">No older version is kept to compare with.</p>;
  return (
    <pre class="diff" tabIndex={0}>
      {text.split("\n").map((line, place) => (
        <span key={place} class={kind(line)}>{`${line}\n`}</span>
      ))}
    </pre>
  );
}

function kind(line: string): string {
  if (line.startsWith("@@") || line.startsWith("---") || line.startsWith("+++")) return "place";
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return "";
}
