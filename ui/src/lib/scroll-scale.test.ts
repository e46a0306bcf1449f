import { describe, expect, it } from "vitest";
import { makeScale, move, placeForRow, placeOf, scrollOf, visibleRows } from "./scroll-scale";

const ROW = 34;
const VIEW = 600;

describe("a table that fits", () => {
  const scale = makeScale(1000, ROW, VIEW);
  it("is one to one", () => {
    expect(scale.height).toBe(34_000);
    expect(placeOf(12_345, scale)).toBe(12_345);
    expect(scrollOf(12_345, scale)).toBe(12_345);
    expect(move(0, 0, 20_000, VIEW, scale)).toBe(20_000);
  });
  it("has no scrolling when all rows are seen", () => {
    const small = makeScale(3, ROW, VIEW);
    expect([small.maxScroll, small.maxPlace, placeOf(50, small)]).toEqual([0, 0, 0]);
  });
});

describe("ten million rows", () => {
  const rows = 10_000_000;
  const scale = makeScale(rows, ROW, VIEW);
  it("stays within what browsers can do", () => expect(scale.height).toBe(8_000_000));
  it("reaches the first and the last row", () => {
    expect(placeOf(0, scale)).toBe(0);
    expect(placeOf(scale.maxScroll, scale)).toBe(scale.maxPlace);
    expect(visibleRows(scale.maxPlace, VIEW, ROW, rows, 0)[1]).toBe(rows - 1);
  });
  it("maps both ways and never backwards", () => {
    let before = -1;
    for (let scroll = 0; scroll <= scale.maxScroll; scroll += 99_991) {
      const place = placeOf(scroll, scale);
      expect(place).toBeGreaterThan(before);
      expect(scrollOf(place, scale)).toBeCloseTo(scroll, 3);
      before = place;
    }
  });
  it("moves small steps one to one, everywhere", () => {
    for (const start of [0, 900_000, 4_000_000, 7_900_000]) {
      const place = placeOf(start, scale);
      expect(move(place, start, start + 120, VIEW, scale)).toBeCloseTo(place + 120, 5);
    }
  });
  it("follows jumps of the scroll bar", () => {
    expect(move(0, 0, 4_000_000, VIEW, scale)).toBe(placeOf(4_000_000, scale));
  });
  it("can show every row", () => {
    for (const row of [0, 1, 29_411, 29_412, 5_000_000, 9_970_588, rows - 1]) {
      const place = placeForRow(row, 0, VIEW, ROW, scale);
      const [first, last] = visibleRows(place, VIEW, ROW, rows, 0);
      expect(first).toBeLessThanOrEqual(row);
      expect(last).toBeGreaterThanOrEqual(row);
      expect(placeOf(scrollOf(place, scale), scale)).toBeCloseTo(place, 3);
    }
  });
});

describe("placeForRow", () => {
  const scale = makeScale(1000, ROW, VIEW);
  it("leaves a visible row where it is", () => expect(placeForRow(5, 100, VIEW, ROW, scale)).toBe(100));
  it("moves as little as possible to a near row", () => expect(placeForRow(20, 0, VIEW, ROW, scale)).toBe(21 * ROW - VIEW));
  it("puts a far row in the middle", () => expect(placeForRow(500, 0, VIEW, ROW, scale)).toBe(500 * ROW - VIEW / 2 + ROW / 2));
});

it("visibleRows knows an empty table", () => expect(visibleRows(0, VIEW, ROW, 0)).toEqual([0, -1]));
