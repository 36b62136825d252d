// A chart of how fast messages are handed to vendors: two looks at the totals of the last day give a rate.
// Without a script, or where an answer does not come, the page is complete without it.
"use strict";
(function () {
  const EVERY_MS = 5000, KEPT = 120;
  const section = document.getElementById("rates");
  if (!section || typeof uPlot === "undefined") return;
  const colours = ["#0172ad", "#2a7a4b", "#b3372f", "#8a6100", "#6b4fa0", "#00757d"];
  let before = null, plot = null;
  const names = [], data = [[]];

  function start(rows) {
    rows.forEach((row) => { names.push(row.channel); data.push([]); });
    const series = names.map((name, at) => ({ label: name, stroke: colours[at % colours.length], width: 2 }));
    section.hidden = false;
    const width = Math.min(section.clientWidth, 900);
    // In the bridge's zone, as all times of the page, and not in the browser's.
    const zone = section.dataset.zone;
    const told = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" });
    const time = { label: zone, values: (_, at) => at.map((s) => (s % 1 ? "" : told.format(s * 1000))) };
    const axes = [time, {}], legend = { live: false };
    plot = new uPlot({ width: width, height: 230, series: [{}].concat(series), axes: axes, legend: legend }, data, section);
  }

  function add(rows) {
    const now = Date.now() / 1000;
    const called = new Map(rows.map((row) => [row.channel, row.called]));
    if (!plot) start(rows);
    if (before) {
      data[0].push(now);
      names.forEach((name, at) => {
        const more = (called.get(name) || 0) - (before.called.get(name) || 0);
        data[at + 1].push(Math.max(0, more / (now - before.at)));
      });
      data.forEach((column) => { if (column.length > KEPT) column.shift(); });
      plot.setData(data);
    }
    before = { at: now, called: called };
  }

  async function look() {
    try {
      const answer = await fetch(section.dataset.address, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) add((await answer.json()).day);
    } catch (_) {
      // The next look tells more; the page itself says when the session has ended.
    }
    setTimeout(look, EVERY_MS);
  }
  look();
})();
