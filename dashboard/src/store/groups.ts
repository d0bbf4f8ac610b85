import { getJson } from "../api/client";
import type { Groups } from "../api/model";
import { Resource } from "./resource";

/** Agent groups and channels there are. */
export const groups = new Resource((abort) => getJson<Groups>("api/v1/groups", abort));
