// Starts the companion app. Nothing else lives here.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, createApp } from "./app/app";
import { hearLinks, wakeUp } from "./app/in-app";
import "./styles/tokens.css";
import "./styles/base.css";

async function begin(root: HTMLElement): Promise<void> {
  await wakeUp();
  const parts = createApp();
  hearLinks(parts);
  createRoot(root).render(
    <StrictMode>
      <App {...parts} />
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root) void begin(root);
