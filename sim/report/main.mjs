// Draws the charts of a report, in a page and, by Node.js, as pictures. Bundled with its libraries
// when the program is built.
import embed from "vega-embed";
import * as vega from "vega";
import * as vegaLite from "vega-lite";

// Okabe and Ito's colours for all kinds of colour vision (jfly.uni-koeln.de/color), then four darker
// ones; none is near white or black, so that one list serves both themes.
const colours = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B3A100",
  "#882255", "#117733", "#7A6FF0", "#A0522D", "#808080"];

const themes = {
  light: { text: "#1b1f24", line: "#8c959f", grid: "#d8dee4" },
  dark: { text: "#e6edf3", line: "#6e7681", grid: "#30363d" },
};

function config(theme) {
  const c = themes[theme];
  const font = 'system-ui, "Liberation Sans", Arial, sans-serif';
  const axis = { labelColor: c.text, titleColor: c.text, domainColor: c.line, tickColor: c.line,
    gridColor: c.grid, labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal",
    labelFont: font, titleFont: font, labelLimit: 260 };
  return { background: "transparent", font, axis, axisQuantitative: { tickCount: 8 },
    legend: { labelColor: c.text, titleColor: c.text, labelFontSize: 11, titleFontSize: 12,
      titleFontWeight: "normal", labelLimit: 260, columns: 1, symbolStrokeColor: c.text },
    header: { labelColor: c.text, titleColor: c.text },
    title: { color: c.text, fontSize: 13 }, view: { stroke: c.grid },
    text: { color: c.text }, rule: { color: c.line }, point: { filled: true, size: 60 },
    range: { category: colours, ordinal: colours } };
}

// A key as a field of Vega: no dots or brackets, which would be paths.
const field = (key) => key.replace(/[.[\]\\'"]/g, "_");

function rows(table) {
  const columns = table.columns.map((c) => [field(c.key), c.words ? c.values.map((i) => c.words[i]) : c.values]);
  return Array.from({ length: table.rows }, (_, i) =>
    Object.fromEntries(columns.map(([key, values]) => [key, values[i]])));
}

// {"values_of": {"table", "field"}} stands for all values that a column has, in their order, behind
// what stands in "first": the choices of a menu.
function filled(spec, data) {
  if (Array.isArray(spec)) return spec.map((s) => filled(s, data));
  if (spec === null || typeof spec !== "object") return spec;
  if (spec.values_of) {
    const { table, field: f, first } = spec.values_of;
    const found = [...new Set(data[table].map((r) => r[f]).filter((v) => v !== null))];
    return [...(first ?? []), ...found.sort((a, b) => String(a).localeCompare(b, "en", { numeric: true }))];
  }
  return Object.fromEntries(Object.entries(spec).map(([k, v]) => [k, filled(v, data)]));
}

// Whether a width as wide as the page can be asked for: of what stands alone, not of facets.
const alone = (spec) => !spec.facet && !spec.hconcat && !spec.vconcat && !spec.concat &&
  !spec.repeat && !spec.encoding?.row && !spec.encoding?.column && !spec.encoding?.facet;

// Vega-Lite says of any chart of rows of a fixed height that it fits their width alone, which is
// what is asked for.
const logger = { level: () => logger, info: () => logger, debug: () => logger,
  error: (...words) => (console.error(...words), logger),
  warn: (...words) => (/^Dropping "fit/.test(words[0]) || console.warn(...words), logger) };
const compiled = (spec) => vegaLite.compile(spec, { logger }).spec;

export function specOf(report, figure, theme, width) {
  const data = Object.fromEntries(
    Object.entries(figure.tables).map(([key, i]) => [key, rows(report.tables[i])]));
  const spec = filled(report.charts[figure.chart], data);
  return { $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${figure.title}. ${figure.reading}`, 
    ...(alone(spec) ? { width, autosize: { type: "fit-x", contains: "padding" } } : {}),
    ...spec,
    datasets: data, config: config(theme) };
}

// All charts of a page; again where the theme or the width changes or it goes to paper, which is
// white.
export async function show(document) {
  const window = document.defaultView;
  const report = JSON.parse(document.getElementById("report").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const draw = async (theme) => {
    for (const figure of report.figures) {
      const at = document.querySelector(`[data-figure="${figure.id}"]`);
      try {
        const spec = specOf(report, figure, theme, Math.max(240, at.clientWidth - 48));
        const marks = Math.max(...Object.values(spec.datasets).map((d) => d.length));
        await embed(at, compiled(spec), { mode: "vega", renderer: marks > 3000 ? "canvas" : "svg", tooltip: { theme },
          actions: { export: true, source: false, compiled: false, editor: false },
          downloadFileName: figure.id });
        at.querySelector("summary")?.setAttribute("aria-label", `save the chart: ${figure.title}`);
      } catch (e) {
        at.textContent = `This chart cannot be drawn: ${e.message}`;
        console.error(figure.id, e);
      }
    }
    document.documentElement.dataset.drawn = theme;
  };
  const usual = () => draw(dark.matches ? "dark" : "light");
  await usual();
  dark.addEventListener("change", usual);
  let width = window.innerWidth, wait;
  window.addEventListener("resize", () => {
    clearTimeout(wait);
    wait = setTimeout(() => { if (window.innerWidth !== width) { width = window.innerWidth; usual(); } }, 200);
  });
  window.addEventListener("beforeprint", () => draw("light"));
  window.addEventListener("afterprint", usual);
}

// A figure as the text of an SVG, on white.
export async function svg(report, id) {
  const figure = report.figures.find((f) => f.id === id);
  const spec = specOf(report, figure, "light", 760);
  spec.config = { ...spec.config, background: "white" };
  spec.title ??= figure.title;
  const view = new vega.View(vega.parse(compiled(spec)), { renderer: "none" });
  return view.toSVG();
}
