// Sample files that come with the page.
import ambiguous from "../../samples/ambiguous.csv?url";
import broken from "../../samples/broken-orders.csv?url";
import european from "../../samples/european.csv?url";
import orders from "../../samples/orders.csv?url";

export interface Sample {
  name: string;
  url: string;
  title: string;
  teaches: string;
  kind: "good" | "broken";
}

export const SAMPLES: Sample[] = [
  {
    name: "orders.csv", url: orders, kind: "good", title: "A clean file",
    teaches: "Numbers, dates, yes and no: every column gets its type, and a Parquet file is ready.",
  },
  {
    name: "european.csv", url: european, kind: "good", title: "An export from Europe",
    teaches: "Semicolons, decimal commas, a title line and an old Windows encoding, all found without help.",
  },
  {
    name: "broken-orders.csv", url: broken, kind: "broken", title: "A broken file",
    teaches: "Missing fields, wrong values and a quote that never closes. See what is set aside, and why.",
  },
  {
    name: "ambiguous.csv", url: ambiguous, kind: "broken", title: "An ambiguous file",
    teaches: "Is 03/04 in March or in April? Nothing is guessed in silence. You decide, and process it again.",
  },
];
