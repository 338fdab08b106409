// The screen: top bar, banners, map, list and evidence, playback.
import { effect, signal } from "@preact/signals";
import { type JSX, render } from "preact";
import { useRef } from "preact/hooks";
import "./style/fonts.css";
import "virtual:tokens.css";
import "./style/frame.css";
import "./style/list.css";
import "./style/triage.css";
import "./style/map.css";
import "./style/map-tools.css";
import "./style/playback.css";
import { startPaint } from "./draw/paint.ts";
import { startZones } from "./draw/zones.ts";
import { Evidence } from "./evidence/panel.tsx";
import { Help } from "./keys/help.tsx";
import { startKeys } from "./keys/keys.ts";
import { AlertList } from "./list/alert-list.tsx";
import { startList } from "./list/filter.ts";
import { MapPane } from "./map/map-pane.tsx";
import { startPartners } from "./partners/open.tsx";
import { PlaybackBar } from "./playback/bar.tsx";
import { say, startLanguage } from "./lang/lang.ts";
import { route, startRoute } from "./route.ts";
import { startSession } from "./state/session.ts";
import { halting, selectedAlert, selectedMmsi, watched } from "./state/state.ts";
import { TriageDialog } from "./triage/dialog.tsx";
import { ReleaseDialog } from "./triage/release.tsx";
import { SuspendDialogs } from "./triage/suspend.tsx";
import { lineLost, sessionEnding, startSound } from "./sound/sound.ts";
import { waits } from "./triage/triage.ts";
import { Undo } from "./triage/undo.tsx";
import { Views } from "./views/dialog.tsx";
import { startViews } from "./views/view.ts";
import { Banners } from "./top/banners.tsx";
import { TopBar } from "./top/bar.tsx";

/** The window's title counts the open Alarms, and says where none can arise or reach it, for whoever looks at another tab. */
function startTitle(): void {
  effect(() => {
    const open = [...watched.value.values()].filter((alert) => alert.priority === "P1" && waits(alert)).length;
    document.title = `${halting.value || lineLost.value || sessionEnding.value ? "(!) " : ""}${open > 0 ? `(${open}) ` : ""}SARGAS`;
  });
}

function WatchPage({ hidden }: { hidden: boolean }) {
  const idle = selectedAlert.value === null && selectedMmsi.value === null;
  return (
    <>
      <main hidden={hidden}>
        <MapPane />
        <aside class={idle ? "side idle" : "side"} aria-label={say("Alerts and evidence")}>
          <AlertList />
          <Evidence />
        </aside>
      </main>
      {hidden ? null : <PlaybackBar />}
    </>
  );
}

/** Pages by the first part of the path, fetched when first opened; any other path is the watch. */
const PAGES: Readonly<Record<string, () => Promise<() => JSX.Element>>> = {
  alert: async () => (await import("./dossier/page-dossier.tsx")).Dossier,
  handover: async () => (await import("./handover/page-handover.tsx")).HandoverPage,
  table: async () => (await import("./table/page-table.tsx")).TablePage,
  quality: async () => (await import("./quality/page-quality.tsx")).QualityPage,
};
const fetched = signal<Readonly<Record<string, () => JSX.Element>>>({});
const unfetched = signal(false);

function fetchPage(page: string): void {
  const fetching = PAGES[page];
  if (!fetching || fetched.peek()[page]) return;
  unfetched.value = false;
  fetching().then((Page) => {
    fetched.value = { ...fetched.peek(), [page]: Page };
  }, () => {
    unfetched.value = true;
  });
}

function Reading() {
  return (
    <main class="page">
      {unfetched.value ? (
        <p class="empty" role="alert">
          {say("The page cannot be read: the service does not answer.")}{" "}
          <button type="button" class="small-button" onClick={() => fetchPage(route.value.page)}>{say("Try again")}</button>
        </p>
      ) : <p class="empty" role="status">{say("Reading the page…")}</p>}
    </main>
  );
}

const startPages = (): void => void effect(() => fetchPage(route.value.page));

function Screen() {
  const { page } = route.value;
  const Page = PAGES[page] ? (fetched.value[page] ?? Reading) : undefined;
  // Once shown the watch stays behind the other pages: its map, list and camera are there at once.
  const seen = useRef(false);
  seen.current ||= Page === undefined;
  return (
    <div class="screen">
      <TopBar />
      <Banners />
      {seen.current ? <WatchPage hidden={Page !== undefined} /> : null}
      {Page ? <Page /> : null}
      <Help />
      <SuspendDialogs />
      <ReleaseDialog />
      <TriageDialog />
      <Undo />
      <Views />
    </div>
  );
}

startRoute();
startList();
startViews();
startSession();
startSound();
startZones();
startPartners();
startPaint();
startKeys();
startTitle();
startPages();
await startLanguage();
render(<Screen />, document.getElementById("screen")!);
