import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app";
import { applyTheme } from "./components/theme";
import { startRouting } from "./routing/route";
import { startBuild } from "./store/build";
import { startSession } from "./store/session";
import { startStore } from "./store/store";
import "./style/base.css";
import "./style/header.css";
import "./style/views.css";

applyTheme();
startRouting();
startBuild();
startSession();
startStore();
const place = document.getElementById("app");
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
