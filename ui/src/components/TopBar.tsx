// Name, documentation, theme.
import { theme, toggleTheme } from "../state/theme";
import { Icon } from "./Icon";
import { Link } from "./Link";

export function TopBar() {
  const dark = theme.value === "dark";
  return (
    <header class="top-bar">
      <div class="top-bar-inner">
        <Link class="brand" href="/" label="CSV Processor, start page">
          <svg class="brand-mark" width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8" />
            <path class="brand-lines" d="M8 10h16M8 16h9M8 22h6" />
            <path class="brand-tick" d="m17.5 21.5 2.8 2.8 5-6" />
          </svg>
          <span>CSV Processor</span>
        </Link>
        <nav class="top-links" aria-label="Site">
          <a class="quiet-link" href="/docs">API docs</a>
          <button type="button" class="icon-button" onClick={toggleTheme}
            aria-label={dark ? "Use the light theme" : "Use the dark theme"} title={dark ? "Light theme" : "Dark theme"}>
            <Icon name={dark ? "sun" : "moon"} />
          </button>
        </nav>
      </div>
    </header>
  );
}
