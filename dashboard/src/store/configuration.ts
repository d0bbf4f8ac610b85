import { getJson } from "../api/client";
import type { Configuration } from "../api/model";
import { Resource } from "./resource";

/** The options in force and their versions. */
export const configuration = new Resource((abort) => getJson<Configuration>("api/v1/config", abort));
