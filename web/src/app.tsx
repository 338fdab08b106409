// The screen: top bar, banners, map, list and evidence, playback.
import { effect, signal } from "@preact/signals";
import { type JSX, render } from "preact";
import "./style/fonts.css";
import "virtual:tokens.css";
import "./style/frame.css";
import "./style/list.css";
import "./style/triage.css";
import "./style/map.css";
import "./style/playback.css";
import { startPaint } from "./draw/paint.ts";
import { startZones } from "./draw/zones.ts";
import { Evidence } from "./evidence/panel.tsx";
import { Help } from "./keys/help.tsx";
import { startKeys } from "./keys/keys.ts";
import { AlertList } from "./list/alert-list.tsx";
import { startList } from "./list/filter.ts";
import { MapPane } from "./map/map-pane.tsx";
import { PlaybackBar } from "./playback/bar.tsx";
import { say, startLanguage } from "./lang/lang.ts";
import { route, startRoute } from "./route.ts";
import { startSession, tell } from "./state/session.ts";
import { alerts, selectedAlert, selectedMmsi } from "./state/state.ts";
import { TriageDialog } from "./triage/dialog.tsx";
import { waits } from "./triage/triage.ts";
import { Undo } from "./triage/undo.tsx";
import { Banners } from "./top/banners.tsx";
import { ApiError } from "./wire/api.ts";
import { TopBar } from "./top/bar.tsx";

/** The window's title counts the open Alarms, for whoever looks at another tab. */
function startTitle(): void {
  effect(() => {
    const open = [...alerts.value.values()].filter((alert) => alert.priority === "P1" && waits(alert)).length;
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

/** Pages by the first part of the path, fetched when first opened; any other path is the watch. */
const PAGES: Readonly<Record<string, () => Promise<() => JSX.Element>>> = {
  handover: async () => (await import("./handover/page-handover.tsx")).HandoverPage,
};
const fetched = signal<Readonly<Record<string, () => JSX.Element>>>({});

function Reading() {
  return <main class="page"><p class="empty">{say("Reading the page…")}</p></main>;
}

function startPages(): void {
  effect(() => {
    const { page } = route.value;
    const fetching = PAGES[page];
    if (!fetching || fetched.peek()[page]) return;
    fetching().then((Page) => {
      fetched.value = { ...fetched.peek(), [page]: Page };
    }, () => tell(new ApiError(0, say("The page could not be fetched."), say("Is sargas still running?"))));
  });
}

function Screen() {
  const { page } = route.value;
  const Page = PAGES[page] ? (fetched.value[page] ?? Reading) : WatchPage;
  return (
    <div class="screen">
      <TopBar />
      <Banners />
      <Page />
      <Help />
      <TriageDialog />
      <Undo />
    </div>
  );
}

startRoute();
startList();
startSession();
startZones();
startPaint();
startKeys();
startTitle();
startPages();
await startLanguage();
render(<Screen />, document.getElementById("screen")!);
