import { describe, expect, it } from "vitest";
import { ago, bytes, count, duration, percent, plural, speed, statistic } from "./format";

describe("format", () => {
  it.each([[0, "0 bytes"], [1, "1 byte"], [1023, "1,023 bytes"], [1024, "1.0 KiB"], [1536, "1.5 KiB"], [1_023_999, "1.0 MiB"], [31_053_850, "29.6 MiB"], [5 * 2 ** 30, "5.0 GiB"], [300 * 2 ** 40, "300 TiB"]])(
    "bytes(%d) is %s", (n, text) => expect(bytes(n)).toBe(text));
  it.each([[0.2, "under 1 ms"], [12.4, "12 ms"], [1499, "1.5 s"], [42_000, "42 s"], [125_000, "2 min 5 s"], [3_720_000, "1 h 2 min"]])(
    "duration(%d) is %s", (ms, text) => expect(duration(ms)).toBe(text));
  it.each([[0, 10, "0%"], [10, 10, "100%"], [1, 100_000, "<0.1%"], [99_999, 100_000, ">99.9%"], [1, 40, "2.5%"], [995, 1000, "99%"], [0, 0, "0%"]])(
    "percent(%d, %d) is %s", (part, all, text) => expect(percent(part, all)).toBe(text));
  it("groups digits", () => expect(count(336_776)).toBe("336,776"));
  it("knows one from many", () => expect([plural(1, "record"), plural(2, "record")]).toEqual(["1 record", "2 records"]));
  it("tells speed", () => expect(speed(52_428_800)).toBe("50.0 MiB/s"));
  it("rounds statistics for reading only", () => expect([statistic(12), statistic(3.14159), statistic(1e20), statistic(0.00001)]).toEqual(["12", "3.142", "1.00e+20", "1.00e-5"]));
  it("tells how long ago", () => {
    const now = Date.parse("2026-01-01T12:00:00Z");
    expect([ago("2026-01-01T11:59:50.000000Z", now), ago("2026-01-01T11:55:00Z", now), ago("2026-01-01T09:00:00Z", now)]).toEqual(["just now", "5 min ago", "3 h ago"]);
  });
});
