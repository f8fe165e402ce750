// Starts the app. Nothing else lives here.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, createApp } from "./app/app";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App {...createApp()} />
    </StrictMode>,
  );
}
