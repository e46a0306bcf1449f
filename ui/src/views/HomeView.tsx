// The start page: send a file, try a sample, find recent uploads.
import { useEffect } from "preact/hooks";
import { DropZone } from "../components/DropZone";
import { RecentUploads } from "../components/RecentUploads";
import { SampleCards } from "../components/SampleCards";
import { TransferList } from "../components/TransferList";
import { useTitle } from "../components/use-title";
import { uploads, watchUploads } from "../state/uploads";

export function HomeView() {
  useTitle(null);
  useEffect(() => watchUploads(), []);
  const teaches = uploads.value !== null && uploads.value.length === 0;
  return (
    <div class="home">
      <header class="hero">
        <h1>See what is really in a CSV</h1>
        <p class="lead">
          Every record is read, every fault gets its place and a fix, and you get clean, typed data back.
          The original stays as it is, byte for byte.
        </p>
      </header>
      <DropZone />
      <TransferList />
      {teaches ? <><SampleCards first /><RecentUploads /></> : <><RecentUploads /><SampleCards /></>}
    </div>
  );
}
