import { otherServed } from "../store/build";

/** Offers to load the page anew where its node serves another one; the route is in the address, and stays. */
export function NewerPage() {
  if (!otherServed.value) return null;
  return (
    <p class="trouble" role="status">
      The node serves another version of this page. <button type="button" onClick={() => location.reload()}>Load it</button>
    </p>
  );
}
