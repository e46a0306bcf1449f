// Keeps the true place of the table in step with the browser's scrolling (see lib/scroll-scale).
import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { makeScale, move, placeForRow, scrollOf } from "../lib/scroll-scale";

const SETTLE_MS = 160;

export interface GridScroll {
  place: number;
  scrollTop: number;
  scrollLeft: number;
  viewport: number;
  width: number;
  /** Height of the scrolled body in pixels. */
  height: number;
  onScroll: () => void;
  showRow: (row: number, middle: boolean) => void;
  showSpan: (left: number, right: number, sticky: number) => void;
}

export function useGridScroll(scroller: RefObject<HTMLDivElement | null>, rows: number, rowHeight: number, headHeight: number): GridScroll {
  const [size, setSize] = useState({ viewport: 0, width: 0 });
  const [view, setView] = useState({ place: 0, scrollTop: 0, scrollLeft: 0 });
  // the newest values, for events that come before the next drawing
  const now = useRef({ place: 0, scroll: 0 });
  const timer = useRef(0);
  const scale = makeScale(rows, rowHeight, size.viewport);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setSize({ viewport: Math.max(0, element.clientHeight - headHeight), width: element.clientWidth });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
      clearTimeout(timer.current);
    };
  }, []);

  const draw = () => {
    const element = scroller.current;
    if (element) setView({ place: now.current.place, scrollTop: now.current.scroll, scrollLeft: element.scrollLeft });
  };

  const settle = () => {
    const element = scroller.current;
    if (!element) return;
    const wanted = scrollOf(now.current.place, scale);
    if (Math.abs(wanted - element.scrollTop) > 1) {
      element.scrollTop = wanted;
      now.current.scroll = element.scrollTop;
      draw();
    }
  };

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const after = element.scrollTop;
    now.current.place = move(now.current.place, now.current.scroll, after, size.viewport, scale);
    now.current.scroll = after;
    draw();
    clearTimeout(timer.current);
    timer.current = window.setTimeout(settle, SETTLE_MS);
  };

  const showRow = (row: number, middle: boolean) => {
    const element = scroller.current;
    if (!element || size.viewport === 0) return;
    const place = placeForRow(row, now.current.place, size.viewport, rowHeight, scale, middle);
    if (place === now.current.place) return;
    element.scrollTop = scrollOf(place, scale);
    now.current = { place, scroll: element.scrollTop };
    draw();
  };

  const showSpan = (left: number, right: number, sticky: number) => {
    const element = scroller.current;
    if (!element) return;
    const room = element.clientWidth - sticky;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + room) element.scrollLeft = Math.min(left, right - room);
    draw();
  };

  return { ...view, ...size, height: scale.height, onScroll, showRow, showSpan };
}
