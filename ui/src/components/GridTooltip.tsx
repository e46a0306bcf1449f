// What is wrong with the cell under the pointer. The inspector below the table says the same for the active cell.

import { Prose } from "./Prose";

export interface Tip {
  text: string;
  box: DOMRect;
}

const WIDTH = 300;

export function GridTooltip({ tip }: { tip: Tip }) {
  const left = Math.max(8, Math.min(tip.box.left, window.innerWidth - WIDTH - 8));
  const below = tip.box.bottom + 120 < window.innerHeight;
  const place = below ? { top: `${tip.box.bottom + 6}px` } : { bottom: `${window.innerHeight - tip.box.top + 6}px` };
  return <div class="grid-tip" role="tooltip" style={{ left: `${left}px`, maxWidth: `${WIDTH}px`, ...place }}><Prose text={tip.text} /></div>;
}
