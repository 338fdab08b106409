// The screen: top bar, banners, map, list and evidence, playback.
import { effect } from "@preact/signals";
import { type JSX, render } from "preact";
import "./style/fonts.css";
import "virtual:tokens.css";
import "./style/frame.css";
import "./style/list.css";
import "./style/map.css";
import "./style/map-tools.css";
import "./style/playback.css";
import { Evidence } from "./evidence/panel.tsx";
import { Help } from "./keys/help.tsx";
import { startKeys } from "./keys/keys.ts";
import { AlertList } from "./list/alert-list.tsx";
import { startList } from "./list/filter.ts";
import { MapPane } from "./map/map-pane.tsx";
import { PlaybackBar } from "./playback/bar.tsx";
import { startLanguage } from "./lang/lang.ts";
import { route, startRoute } from "./route.ts";
import { startSession } from "./state/session.ts";
import { alerts, selectedAlert, selectedMmsi } from "./state/state.ts";
import { Views } from "./views/dialog.tsx";
import { startViews } from "./views/view.ts";
import { Banners } from "./top/banners.tsx";
import { TopBar } from "./top/bar.tsx";

/** The window's title counts the open Alarms, for whoever looks at another tab. */
function startTitle(): void {
  effect(() => {
    const open = [...alerts.value.values()].filter((alert) => alert.priority === "P1" && alert.state === "open").length;
    document.title = open > 0 ? `(${open}) SARGAS` : "SARGAS";
  });
}

function WatchPage() {
  const idle = selectedAlert.value === null && selectedMmsi.value === null;
  return (
    <>
      <main>
        <MapPane />
        <aside class={idle ? "side idle" : "side"} aria-label="Alerts and evidence">
          <AlertList />
          <Evidence />
        </aside>
      </main>
      <PlaybackBar />
    </>
  );
}

/** Pages by the first part of the path; the watch is what any other path shows. */
const PAGES: Readonly<Record<string, () => JSX.Element>> = {};

function Screen() {
  const Page = PAGES[route.value.page] ?? WatchPage;
  return (
    <div class="screen">
      <TopBar />
      <Banners />
      <Page />
      <Help />
      <Views />
    </div>
  );
}

startRoute();
startList();
startViews();
startSession();
startKeys();
startTitle();
await startLanguage();
render(<Screen />, document.getElementById("screen")!);
