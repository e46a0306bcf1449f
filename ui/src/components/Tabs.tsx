// Tabs as the ARIA practices describe them: arrow keys move, one tab is in the focus order.
import { useEffect, useRef } from "preact/hooks";
import { count } from "../lib/format";
import { navigate, TABS, uploadPath, type Tab } from "../state/router";

const NAMES: Record<Tab, string> = {
  overview: "Overview",
  records: "Records",
  problems: "Problems",
  reading: "Reading",
  downloads: "Downloads",
};

export function Tabs({ id, tab, problems }: { id: string; tab: Tab; problems: number }) {
  const list = useRef<HTMLDivElement>(null);
  // on a narrow screen the open tab may stand outside of what is seen
  useEffect(() => {
    const box = list.current;
    const open = box?.querySelector<HTMLElement>(`#tab-${tab}`);
    if (box && open && (open.offsetLeft < box.scrollLeft || open.offsetLeft + open.offsetWidth > box.scrollLeft + box.clientWidth)) {
      box.scrollLeft = open.offsetLeft - box.clientWidth / 3;
    }
  }, [tab]);
  const open = (next: Tab) => navigate(uploadPath(id, { tab: next }), { replace: true });
  const onKeyDown = (event: KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: (at + 1) % TABS.length, ArrowLeft: (at + TABS.length - 1) % TABS.length, Home: 0, End: TABS.length - 1 }[event.key];
    const next = to === undefined ? undefined : TABS[to];
    if (next === undefined) return;
    event.preventDefault();
    open(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="About this file" ref={list} onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button key={name} type="button" role="tab" id={`tab-${name}`} class="tab" aria-selected={name === tab}
          aria-controls="panel" tabIndex={name === tab ? 0 : -1} onClick={() => open(name)}>
          {NAMES[name]}
          {name === "problems" && problems > 0 && <span class="tab-count">{count(problems)}</span>}
        </button>
      ))}
    </div>
  );
}
