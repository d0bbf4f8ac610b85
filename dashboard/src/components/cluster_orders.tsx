import type { Cluster } from "../api/model";
import { cluster } from "../store/store";
import { seconds } from "./hold_button";
import { OrderButton } from "./order_button";

/** Orders to the whole cluster, as far as the reader may give them. */
export function ClusterOrders({ page }: { page: Cluster }) {
  const done = () => void cluster.refresh();
  return <p class="orders"><StepDown page={page} done={done} /> <PauseResume page={page} done={done} /> <Stop page={page} done={done} /></p>;
}

function StepDown({ page, done }: { page: Cluster; done: () => void }) {
  const others = page.members.filter((member) => member.reachable && member.name !== page.master);
  return (
    <OrderButton
      operation="stepDown"
      label="Step down"
      question={`Let ${page.master ?? "the master"} step down?`}
      harm="Another node becomes master within a second; nothing is pushed in between."
      fields={[{ name: "to", label: "to", choices: [{ value: "", text: "whoever is first" }, ...others.map(({ name }) => ({ value: name, text: name }))] }]}
      order={(why, { to }) => ({
        method: "POST", path: "api/v1/orders/step-down", body: { why, epoch: page.epoch, ...(to ? { to } : {}) }, newer: ["epoch"],
      })}
      done={done}
    />
  );
}

function PauseResume({ page, done }: { page: Cluster; done: () => void }) {
  if (page.paused) {
    return (
      <OrderButton
        operation="resume"
        label="Resume"
        question="Resume?"
        harm="A node takes over again when there is no master."
        order={(why) => ({ method: "POST", path: "api/v1/orders/resume", body: { why } })}
        done={done}
      />
    );
  }
  return (
    <OrderButton
      operation="pause"
      label="Pause"
      question="Pause the cluster?"
      harm="The master goes on; when it ends, nobody takes over until the pause is over."
      fields={[{ name: "minutes", label: "minutes (empty: as configured)" }]}
      order={(why, values) => ({ method: "POST", path: "api/v1/orders/pause", body: { why, seconds: seconds(values.minutes ?? "") } })}
      done={done}
    />
  );
}

function Stop({ page, done }: { page: Cluster; done: () => void }) {
  if (page.stopped) {
    return (
      <OrderButton
        operation="releaseStop"
        label="End the emergency stop"
        question="End the emergency stop?"
        harm="Invitations go out again for every target that is not held itself."
        order={(why) => ({ method: "DELETE", path: "api/v1/orders/emergency-stop", body: { why } })}
        done={done}
      />
    );
  }
  return (
    <OrderButton
      operation="emergencyStop"
      label="Emergency stop"
      grave
      question="Stop every invitation?"
      harm="No target is allowed any invitation from the next cycle on, whoever is master, until the stop is ended."
      order={(why) => ({ method: "PUT", path: "api/v1/orders/emergency-stop", body: { why } })}
      done={done}
    />
  );
}
