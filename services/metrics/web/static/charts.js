// Draws the charts from the data that stands beside them. Each has the same numbers as a table; a click on a bar or a day goes to its disputes.

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const drawn = new Map();
const isWall = document.documentElement.classList.contains("wall");
const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
const size = isWall && matchMedia("(min-width: 900px)").matches ? 16 : 12;  // somebody may look at the wall's page on a phone

const common = () => ({
  animation: !reduced && drawn.size === 0, animationDuration: 300,
  aria: { enabled: true, decal: { show: true, decals: [{ symbol: "none" }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: "rgba(255,255,255,.45)" }] } },
  textStyle: { fontFamily: style.fontFamily || "sans-serif", fontSize: size, color: colour("--ink") },
  tooltip: { trigger: "axis", confine: true, renderMode: "html", transitionDuration: 0, textStyle: { fontSize: size }, axisPointer: { type: "line" } },
  legend: { top: 0, right: 0, icon: "roundRect", itemHeight: 8, textStyle: { fontSize: size, color: colour("--ink") } },
});
const axis = { axisLine: { lineStyle: { color: colour("--line") } }, axisTick: { show: false }, axisLabel: { color: colour("--dim"), fontSize: size, hideOverlap: true }, splitLine: { lineStyle: { color: colour("--line") } } };

function trend(data) {
  const lines = [["--blue", "solid"], ["--green", "dashed"], ["--amber", "dotted"], ["--dim", [10, 3]]];
  const marks = ["circle", "rect", "triangle", "diamond"];
  return {
    ...common(),
    grid: { left: 4, right: 14, top: 34, bottom: 2, containLabel: true },
    xAxis: { ...axis, type: "category", boundaryGap: false, data: data.days, axisLabel: { ...axis.axisLabel, formatter: (day) => day.slice(5) }, splitLine: { show: false } },
    yAxis: { ...axis, type: "value", minInterval: 1 },
    series: data.series.map((one, n) => ({
      type: "line", name: one.name, data: one.data, symbol: marks[n], symbolSize: 6, showSymbol: false, triggerLineEvent: true,
      color: colour(lines[n][0]), lineStyle: { width: n ? 1.8 : 2.4, type: lines[n][1] }, emphasis: { focus: "series" },
    })),
  };
}

function bars(data) {
  const most = data.names.slice(0, isWall ? 10 : 24);
  return {
    ...common(),
    grid: { left: 4, right: 30, top: 30, bottom: 2, containLabel: true },
    xAxis: { ...axis, type: "value", minInterval: 1 },
    yAxis: { ...axis, type: "category", inverse: true, data: most, axisLabel: { ...axis.axisLabel, color: colour("--ink") }, splitLine: { show: false } },
    series: data.series.map((one, n) => ({
      type: "bar", name: one.name, data: one.data.slice(0, most.length), barGap: "-100%", z: n + 2, barMaxWidth: 16, cursor: "pointer",
      color: colour(n ? "--red" : "--blue"), label: { show: !n, position: "right", color: colour("--ink"), fontSize: size },
    })),
  };
}

function go(data, at) {
  if (data.type === "trend") {
    const one = data.series[at.seriesIndex ?? 0], day = data.days[at.dataIndex];
    if (one && day) location.href = data.to.replace("{what}", one.what).replace("{day}", day);
  } else if (at.dataIndex !== undefined) location.href = data.to[at.dataIndex] + (data.series[at.seriesIndex].filter ?? "");
}

function draw() {
  for (const place of document.querySelectorAll(".chart[data-from]")) {
    const data = JSON.parse(document.getElementById(place.dataset.from).dataset.chart);
    let chart = drawn.get(place.id);
    if (chart && chart.getDom() !== place) { chart.dispose(); chart = undefined; }
    if (!chart) {
      if (data.type === "bars" && !isWall) place.style.height = `${60 + 31 * Math.max(data.names.length, 3)}px`;
      chart = echarts.init(place, null, { renderer: "svg" });
      chart.on("click", (at) => go(JSON.parse(document.getElementById(place.dataset.from).dataset.chart), at));
      new ResizeObserver(() => chart.resize()).observe(place);
    }
    chart.setOption(data.type === "trend" ? trend(data) : bars(data), { notMerge: !drawn.has(place.id) });
    drawn.set(place.id, chart);
  }
}

document.body.addEventListener("htmx:afterSettle", draw);
draw();
