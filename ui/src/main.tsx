// Starts the page.
import { render } from "preact";
import { App } from "./views/App";
import { loadLimits } from "./state/limits";
import { startRouter } from "./state/router";
import "./styles/index.css";

startRouter();
void loadLimits();
const root = document.getElementById("app");
if (root) render(<App />, root);
