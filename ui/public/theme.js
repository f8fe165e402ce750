// Runs before the first paint, so that a chosen theme or text size never flashes. Holds no health information.
try {
  const root = document.documentElement;
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (localStorage.getItem("text-size") === "large") root.dataset.textSize = "large";
} catch {
  // Storage may be blocked; the system theme is used then.
}
