"use strict";
(function () {
  function left(s) {
    if (s <= 0) return "time is up: ask again with rescind status";
    s = Math.floor(s);
    var d = Math.floor(s / 86400), h = Math.floor((s % 86400) / 3600), m = Math.floor((s % 3600) / 60);
    if (d) return d + " d " + h + " h";
    return h ? h + " h " + m + " min" : m + " min " + (s % 60) + " s";
  }
  function tick() {
    document.querySelectorAll("[data-until]").forEach(function (e) {
      var s = (Date.parse(e.getAttribute("data-until")) - Date.now()) / 1000;
      var t = left(s);
      if (!isNaN(s) && e.textContent !== t) e.textContent = t;
    });
  }
  tick();
  setInterval(tick, 1000);
})();
