// The frame around every view: skip link, top bar, main landmark, live region.
import { TopBar } from "../components/TopBar";
import { WindowDrop } from "../components/WindowDrop";
import { announcement } from "../state/announce";
import { route } from "../state/router";
import { HomeView } from "./HomeView";
import { NotFoundView } from "./NotFoundView";
import { UploadView } from "./UploadView";

export function App() {
  const place = route.value;
  return (
    <>
      <a class="skip-link" href="#main">Skip to the content</a>
      <TopBar />
      <main id="main" tabIndex={-1} class={place.kind === "upload" ? "page page-wide" : "page"}>
        {place.kind === "home" && <HomeView />}
        {place.kind === "upload" && <UploadView key={place.id} id={place.id} />}
        {place.kind === "unknown" && <NotFoundView path={place.path} />}
      </main>
      <WindowDrop />
      <div class="visually-hidden" role="status" aria-live="polite">{announcement.value}</div>
    </>
  );
}
