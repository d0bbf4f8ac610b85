import type { Version } from "../api/model";
import { configuration } from "../store/configuration";
import { OrderButton } from "./order_button";

/** Writes an old version as the newest one, unless somebody else has written since this page read it. */
export function RestoreButton({ version, newest }: { version: Version; newest: number | null }) {
  return (
    <OrderButton
      operation="restoreConfiguration"
      label="restore"
      question={`Restore version ${version.version}?`}
      harm={`Version ${version.version} is written as a new version after ${newest ?? "–"} and takes effect at once on every node.`}
      order={(why) => ({ method: "POST", path: `api/v1/config/versions/${version.version}/restore`, body: { why }, ifMatch: `"${newest}"` })}
      done={() => void configuration.refresh()}
    />
  );
}
