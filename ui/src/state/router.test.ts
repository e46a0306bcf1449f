import { expect, it, vi } from "vitest";

vi.stubGlobal("location", { pathname: "/", search: "" });
const { parseRoute, uploadPath } = await import("./router");

it("reads addresses", () => {
  expect(parseRoute("/", "")).toEqual({ kind: "home" });
  expect(parseRoute("/nothing/here", "")).toEqual({ kind: "unknown", path: "/nothing/here" });
  expect(parseRoute("/uploads/abc", "?tab=records&record=17&column=3")).toEqual({ kind: "upload", id: "abc", tab: "records", record: 17, column: 3, code: null });
  expect(parseRoute("/uploads/abc/", "?tab=nonsense&record=-1")).toMatchObject({ tab: "overview", record: null });
});

it("writes the addresses it reads", () => {
  const path = uploadPath("a b", { tab: "problems", code: "field-count" });
  expect(path).toBe("/uploads/a%20b?tab=problems&code=field-count");
  const [pathname, search] = path.split("?");
  expect(parseRoute(pathname ?? "", `?${search}`)).toMatchObject({ id: "a b", tab: "problems", code: "field-count" });
});
