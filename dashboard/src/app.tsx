import type { ComponentChild } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { NewerPage } from "./components/newer_page";
import { Header } from "./components/header";
import { SessionBox } from "./components/session_box";
import { ThemeButton } from "./components/theme";
import { href, type Route, route, VIEWS } from "./routing/route";
import { ApiView } from "./views/api";
import { ClusterView } from "./views/cluster";
import { ConfigurationView } from "./views/configuration";
import { HealthView } from "./views/health";
import { InboundView } from "./views/inbound";
import { OverviewView } from "./views/overview";
import { TargetView } from "./views/target";
import { TargetsView } from "./views/targets";

/** The frame of every view: state of the service, navigation, the view itself. */
export function App() {
  const { view, item } = route.value;
  const main = useRef<HTMLElement>(null);
  useTitle(view, item);
  useEffect(() => main.current?.focus({ preventScroll: true }), [view, item]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skip(event, main.current)}>Skip to the numbers</a>
      <header>
        <Header />
        <NewerPage />
        <nav aria-label="Views">
          <ul>
            {VIEWS.map((name) => (
              <li key={name}><a href={href(name)} aria-current={name === view ? "page" : undefined}>{titled(name)}</a></li>
            ))}
          </ul>
          <div class="tools"><SessionBox /><ThemeButton /></div>
        </nav>
      </header>
      <main ref={main} id="main" tabIndex={-1} data-view={item ? `${view}-item` : view}>{shown(route.value)}</main>
      <footer>
        <a href="../metrics">metrics</a> <a href="../readiness">readiness</a>
      </footer>
    </>
  );
}

function shown({ view, item }: Route): ComponentChild {
  switch (view) {
    case "overview": return <OverviewView />;
    case "targets": return item ? <TargetView key={item} name={item} /> : <TargetsView />;
    case "cluster": return <ClusterView />;
    case "health": return <HealthView />;
    case "configuration": return <ConfigurationView />;
    case "inbound": return <InboundView />;
    case "api": return <ApiView />;
  }
}

function useTitle(view: string, item: string): void {
  useEffect(() => {
    document.title = `${item || titled(view)} – Agent pacing`;
  }, [view, item]);
}

function titled(name: string): string {
  if (name === "api") return "API";
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The fragment is the route, so a link inside the page must not change it. */
function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}
