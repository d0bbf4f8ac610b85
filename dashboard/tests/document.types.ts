/**
 * What the document of the API says, against what the dashboard reads: compiled, not run. `document.d.ts` is generated
 * from docs/openapi/api-v1.json before types are checked; a field that is renamed there is an error here.
 */
import type * as model from "../src/api/model";
import type { Session } from "../src/store/session";
import type { components } from "./document";

type Schemas = components["schemas"];
/** An error unless every `From` can be read as a `To`. */
type Reads<From extends To, To> = [From, To];

export type Checked = [
  Reads<Schemas["ClusterAnswer"], model.Cluster>,
  Reads<Schemas["HistoryAnswer"]["history"][number], model.Term>,
  Reads<Required<Schemas["TargetsAnswer"]>, Omit<model.TargetsPage, "targets">>,
  Reads<Required<Schemas["ListedTarget"]>, model.ListedTarget>,
  Reads<Required<Schemas["TargetAnswer"]>, model.TargetPage>,
  Reads<Schemas["OverviewAnswer"], model.OverviewPage>,
  Reads<Schemas["DoctorAnswer"], model.DoctorPage>,
  Reads<Schemas["AlarmsAnswer"], model.Alarms>,
  Reads<Schemas["ConfigurationAnswer"], model.Configuration>,
  Reads<Schemas["ChannelAnswer"], model.Channel>,
  Reads<Schemas["GroupsAnswer"], model.Groups>,
  Reads<Schemas["ReasonsAnswer"], model.Reasons>,
  Reads<Schemas["SessionAnswer"], Session>,
];
