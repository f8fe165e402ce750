// Runs before the first paint, so that a chosen theme, text size or direction never flashes. Holds no health information.
try {
  const root = document.documentElement;
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (localStorage.getItem("text-size") === "large") root.dataset.textSize = "large";
  const language = localStorage.getItem("language");
  if (language) root.lang = language;
  if (language?.startsWith("ar")) root.dir = "rtl";
} catch {
  // Storage may be blocked; the system theme is used then.
}
