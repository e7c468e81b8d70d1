// Opens reports as their readers do and says what is wrong: node check.mjs FOLDER FILE...
//   FOLDER  where a picture of each is put, in light, in dark and as a phone shows it
// No message of an error, no request, marks in each chart, no serious finding of axe-core, nothing
// lost where the text is twice as large; the same on paper.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [folder, ...files] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
let faults = 0;
const fault = (file, text) => { ++faults; console.log(`${basename(file)}: ${text}`); };

async function opened(file, options) {
  const context = await browser.newContext({ deviceScaleFactor: 1, ...options });
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") fault(file, `console: ${m.text()}`); });
  page.on("pageerror", (e) => fault(file, `error: ${e.message}`));
  page.on("request", (r) => { if (!/^(file|data|blob):/.test(r.url())) fault(file, `request: ${r.url()}`); });
  await page.goto(`file://${resolve(file)}`);
  await page.waitForFunction(() => document.documentElement.dataset.drawn, null, { timeout: 60000 });
  return { context, page };
}

const shot = (page, file, kind) =>
  page.screenshot({ path: `${folder}/${basename(file, ".html")}-${kind}.png`, fullPage: true });

// Marks of the charts' own data, of SVG or, where there are thousands, of a canvas.
const marks = (page) => page.$$eval("[data-figure]", (all) => all.map((at) => ({
  id: at.dataset.figure,
  marks: at.querySelectorAll(".mark-rect path, .mark-symbol path, .mark-line path, .mark-rule line, .mark-area path").length,
  canvas: at.querySelectorAll("canvas").length })));

// Whether anything is wider than the window, apart from what scrolls by itself.
const lost = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);

for (const file of files) {
  const bytes = readFileSync(file).length;
  if (bytes >= 3e6) fault(file, `${bytes} bytes`);
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await opened(file, { colorScheme, viewport: { width: 1200, height: 900 } });
    for (const c of await marks(page))
      if (c.marks === 0 && c.canvas === 0) fault(file, `${colorScheme}: no marks in ${c.id}`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const v of found.violations)
      if (v.impact === "serious" || v.impact === "critical")
        fault(file, `${colorScheme}: axe: ${v.id}: ${v.help} (${v.nodes.length}: ${v.nodes[0].html.slice(0, 120)})`);
    await shot(page, file, colorScheme);
    await context.close();
  }
  const phone = await opened(file, { viewport: { width: 390, height: 800 } });
  if (await lost(phone.page)) fault(file, "wider than a phone");
  await shot(phone.page, file, "phone");
  await phone.page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  if (await lost(phone.page)) fault(file, "text at 200 % is wider than a phone");
  await phone.context.close();
  const paper = await opened(file, { colorScheme: "dark" });
  await paper.page.pdf({ path: `${folder}/${basename(file, ".html")}.pdf` });
  await paper.context.close();
  // By keyboard: the first table opens and its rows can be reached.
  const keys = await opened(file, { viewport: { width: 1200, height: 900 } });
  const summary = keys.page.locator("figure details > summary").last();
  if (await summary.count()) {
    await summary.focus();
    await keys.page.keyboard.press("Enter");
    if (!(await keys.page.locator("figure details[open]").count())) fault(file, "a table does not open by the keyboard");
  }
  await keys.context.close();
  console.log(`${basename(file)}: ${bytes} bytes, looked at`);
}
await browser.close();
process.exit(faults ? 1 : 0);
