// A link inside the page: no reload, but all the rights of a real link (new tab, copy address).
import type { ComponentChildren } from "preact";
import { navigate } from "../state/router";

interface Props {
  href: string;
  class?: string;
  label?: string;
  children: ComponentChildren;
}

export function Link({ href, class: className, label, children }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} class={className} aria-label={label} onClick={follow}>{children}</a>;
}
