// An address that the page does not know.
import { useTitle } from "../components/use-title";
import { Link } from "../components/Link";

export function NotFoundView({ path }: { path: string }) {
  useTitle("No such page");
  return (
    <div class="empty-state">
      <h1>There is nothing at this address</h1>
      <p><code>{path}</code> is no page of this server. It may be mistyped, or the upload was deleted.</p>
      <Link class="button button-primary" href="/">Go to the start page</Link>
    </div>
  );
}
