// Sets the chosen theme before the first paint; a file of its own because the page allows no inline script.
(function () {
  try {
    var theme = localStorage.getItem("csvp-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (_) {
    // storage is blocked: the system's theme is used
  }
})();
