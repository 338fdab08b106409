// The screen: top bar, banners, map, list and evidence, playback.
import { render } from "preact";
import "./style/fonts.css";
import "virtual:tokens.css";
import "./style/frame.css";
import "./style/list.css";
import "./style/map.css";
import "./style/playback.css";
import { Evidence } from "./evidence/panel.tsx";
import { Help } from "./keys/help.tsx";
import { startKeys } from "./keys/keys.ts";
import { AlertList } from "./list/alert-list.tsx";
import { startList } from "./list/filter.ts";
import { MapPane } from "./map/map-pane.tsx";
import { PlaybackBar } from "./playback/bar.tsx";
import { startSession } from "./state/session.ts";
import { Banners } from "./top/banners.tsx";
import { TopBar } from "./top/bar.tsx";

function Screen() {
  return (
    <div class="screen">
      <TopBar />
      <Banners />
      <main>
        <MapPane />
        <aside class="side" aria-label="Alerts and evidence">
          <AlertList />
          <Evidence />
        </aside>
      </main>
      <PlaybackBar />
      <Help />
    </div>
  );
}

startList();
startSession();
startKeys();
render(<Screen />, document.getElementById("screen")!);
