// Draws the charts of the overview from JSON in the page. Each chart has a table with the same numbers. A click on a bar or a day opens the list of its disputes.

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const charts = new Map();   // chart by id of its element
const isWall = document.documentElement.classList.contains("wall");
const prefersReducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
const fontSize = isWall && matchMedia("(min-width: 900px)").matches ? 16 : 12;  // small font on narrow screens, also on the wall display

const commonOptions = () => ({
  animation: !prefersReducedMotion && charts.size === 0, animationDuration: 300,
  aria: { enabled: true, decal: { show: true, decals: [{ symbol: "none" }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: "rgba(255,255,255,.45)" }] } },
  textStyle: { fontFamily: style.fontFamily || "sans-serif", fontSize, color: colour("--ink") },
  tooltip: { trigger: "axis", confine: true, renderMode: "html", transitionDuration: 0, textStyle: { fontSize }, axisPointer: { type: "line" } },
  legend: { top: 0, right: 0, icon: "roundRect", itemHeight: 8, textStyle: { fontSize, color: colour("--ink") } },
});
const axisStyle = { axisLine: { lineStyle: { color: colour("--line") } }, axisTick: { show: false }, axisLabel: { color: colour("--dim"), fontSize, hideOverlap: true }, splitLine: { lineStyle: { color: colour("--line") } } };

function trendOptions(data) {
  const lineStyles = [["--blue", "solid"], ["--green", "dashed"], ["--amber", "dotted"], ["--dim", [10, 3]]];
  const symbols = ["circle", "rect", "triangle", "diamond"];
  return {
    ...commonOptions(),
    grid: { left: 4, right: 14, top: 34, bottom: 2, containLabel: true },
    xAxis: { ...axisStyle, type: "category", boundaryGap: false, data: data.days, axisLabel: { ...axisStyle.axisLabel, formatter: (day) => day.slice(5) }, splitLine: { show: false } },
    yAxis: { ...axisStyle, type: "value", minInterval: 1 },
    series: data.series.map((series, n) => ({
      type: "line", name: series.name, data: series.data, symbol: symbols[n], symbolSize: 6, showSymbol: false, triggerLineEvent: true,
      color: colour(lineStyles[n][0]), lineStyle: { width: n ? 1.8 : 2.4, type: lineStyles[n][1] }, emphasis: { focus: "series" },
    })),
  };
}

function barOptions(data) {
  const shownNames = data.names.slice(0, isWall ? 10 : 24);
  return {
    ...commonOptions(),
    grid: { left: 4, right: 30, top: 30, bottom: 2, containLabel: true },
    xAxis: { ...axisStyle, type: "value", minInterval: 1 },
    yAxis: { ...axisStyle, type: "category", inverse: true, data: shownNames, axisLabel: { ...axisStyle.axisLabel, color: colour("--ink") }, splitLine: { show: false } },
    series: data.series.map((series, n) => ({
      type: "bar", name: series.name, data: series.data.slice(0, shownNames.length), barGap: "-100%", z: n + 2, barMaxWidth: 16, cursor: "pointer",
      color: colour(n ? "--red" : "--blue"), label: { show: !n, position: "right", color: colour("--ink"), fontSize },
    })),
  };
}

function openDisputeList(data, clicked) {
  if (data.type === "trend") {
    const series = data.series[clicked.seriesIndex ?? 0], day = data.days[clicked.dataIndex];
    if (series && day) location.href = data.to.replace("{what}", series.what).replace("{day}", day);
  } else if (clicked.dataIndex !== undefined) location.href = data.to[clicked.dataIndex] + (data.series[clicked.seriesIndex].filter ?? "");
}

function drawCharts() {
  for (const element of document.querySelectorAll(".chart[data-from]")) {
    const data = JSON.parse(document.getElementById(element.dataset.from).dataset.chart);
    let chart = charts.get(element.id);
    if (chart && chart.getDom() !== element) { chart.dispose(); chart = undefined; }
    if (!chart) {
      if (data.type === "bars" && !isWall) element.style.height = `${60 + 31 * Math.max(data.names.length, 3)}px`;
      chart = echarts.init(element, null, { renderer: "svg" });
      chart.on("click", (clicked) => openDisputeList(JSON.parse(document.getElementById(element.dataset.from).dataset.chart), clicked));
      new ResizeObserver(() => chart.resize()).observe(element);
    }
    chart.setOption(data.type === "trend" ? trendOptions(data) : barOptions(data), { notMerge: !charts.has(element.id) });
    charts.set(element.id, chart);
  }
}

document.body.addEventListener("htmx:afterSettle", drawCharts);
drawCharts();
