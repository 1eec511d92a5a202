// What an HTML report must be in a browser. `npm test`, with the reports' paths in REPORTS; CHROMIUM names the browser.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";

const reports = (process.env.REPORTS ?? "").split(":").filter(Boolean);
const hostile = process.env.HOSTILE;
assert.ok(reports.length && hostile, "REPORTS and HOSTILE name the files to open");

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** A page with a report, as a server sends it, and all that it asked for or complained about. */
async function open(path, options = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(request.url === "/report" ? 200 : 404, { "content-type": "text/html" });
    response.end(request.url === "/report" ? readFileSync(path) : "");
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", message => complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(String(error)));
  page.on("dialog", dialog => { complaints.push(dialog.message()); dialog.dismiss(); });
  page.on("request", request => { if (!request.url().startsWith("data:")) asked.push(request.url()); });
  await page.goto(`http://127.0.0.1:${server.address().port}/report`);
  return { page, asked, complaints, close: async () => { await context.close(); server.close(); } };
}

/** What axe-core calls serious or critical. It is run apart from the page's own policy, which would not let it in. */
async function violations(path, options) {
  const { page, close } = await open(path, { ...options, bypassCSP: true });
  await page.evaluate(() => document.querySelectorAll("details").forEach(one => { one.open = true; }));
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  await close();
  return violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => `${node.html.slice(0, 200)} ${node.failureSummary}`).join("\n")}`);
}

for (const path of [...reports, hostile]) {
  describe(basename(dirname(path)), () => {
    test("it asks for nothing and complains of nothing", async () => {
      const { page, asked, complaints, close } = await open(path);
      await page.locator("#theme").click();
      await page.locator("#tables").click();
      assert.deepEqual(complaints, []);
      assert.deepEqual(asked.map(url => new URL(url, "http://x").pathname), ["/report", "/report"]);
      await close();
    });

    for (const colorScheme of ["light", "dark"]) {
      test(`axe-core finds nothing serious, ${colorScheme}`, async () => {
        assert.deepEqual(await violations(path, { colorScheme }), []);
      });
    }

    test("it never scrolls sideways, not on a phone either", async () => {
      for (const width of [1440, 768, 390, 320]) {
        const { page, close } = await open(path, { viewport: { width, height: 800 } });
        await page.evaluate(() => document.querySelectorAll("details").forEach(one => { one.open = true; }));
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `${width} pixels`);
        await close();
      }
    });

    test("it is all there without a script", async () => {
      const { page, close } = await open(path, { javaScriptEnabled: false });
      assert.ok(await page.locator("article").count() > 0 && await page.locator("table tbody tr").count() > 0);
      assert.equal(await page.locator(".tools").isVisible(), false);
      await close();
    });

    test("it prints light and without its tools", async () => {
      const { page, close } = await open(path, { colorScheme: "dark" });
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
      assert.equal(await page.locator("nav").isVisible(), false);
      assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
      await close();
    });
  });
}

describe("use", () => {
  test("tables sort by any column, up and down, with the keyboard, and say so", async () => {
    const { page, close } = await open(reports[0]);
    const table = page.locator("table.sort:visible").filter({ has: page.locator("tbody tr:nth-child(3)") }).first();
    const column = 1, head = table.locator("thead th").nth(column);
    const values = () => table.locator("tbody tr").evaluateAll((rows, column) =>
      rows.map(row => Number(row.cells[column].textContent.replace(/[^\d.−-]/g, "").replace("−", "-"))), column);
    const sorted = (list, sign) => [...list].sort((a, b) => sign * (a - b));
    await head.locator("button").focus();
    await page.keyboard.press("Enter");
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    const down = await values();
    assert.deepEqual(down, sorted(down, -1));
    await page.keyboard.press("Enter");
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    assert.deepEqual(await values(), sorted(down, 1));
    await close();
  });

  test("long tables are searched", async () => {
    const { page, close } = await open(reports[0]);
    await page.locator("#tables").click();
    const input = page.locator("input[type=search]").first();
    const table = page.locator(".scroll:has(table)").filter({ has: page.locator("tbody tr:nth-child(8)") }).first().locator("table");
    const wanted = await table.locator("tbody tr").nth(2).locator("th").first().textContent();
    await input.fill(wanted);
    assert.ok(await table.locator("tbody tr:visible").count() >= 1);
    assert.ok((await table.locator("tbody tr:visible").allTextContents()).every(text => text.includes(wanted)));
    await input.fill("nothing is called so");
    assert.equal(await table.locator("tbody tr:visible").count(), 0);
    await close();
  });

  test("the theme is that of the system until one is chosen, and then stays", async () => {
    const { page, close } = await open(reports[0], { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.locator("#theme").click();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await ground(), light);
    await close();
  });

  test("a chart tells its values under the pointer", async () => {
    const { page, close } = await open(reports[0]);
    const chart = page.locator("svg.chart[data-x]").first();
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    const rows = await chart.evaluate(chart => [...chart.closest("figure").querySelectorAll("tbody tr")].map(row => row.cells[0].textContent));
    assert.ok(rows.some(row => row), "the chart has a table");
    assert.ok(rows.includes(await page.locator("#tip b").textContent()));
    assert.match(await page.locator("#tip").textContent(), /\d/);
    await page.mouse.move(box.x + box.width / 2, box.y - 200);
    assert.equal(await page.locator("#tip").isVisible(), false);
    await close();
  });

  test("links lead to sections and open definitions", async () => {
    const { page, close } = await open(reports[0]);
    const dead = await page.locator("a[href^='#']").evaluateAll(links => links.map(link => link.hash.slice(1)).filter(id => !document.getElementById(decodeURIComponent(id))));
    assert.deepEqual(dead, []);
    const link = page.locator("article .sub a").first();
    const id = (await link.getAttribute("href")).slice(1);
    await link.click();
    assert.equal(await page.evaluate(id => document.getElementById(id).open, id), true);
    await page.keyboard.press("Control+Home");
    await page.reload();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await close();
  });
});

test("values of the data that look like markup are text", async () => {
  const { page, complaints, close } = await open(hostile);
  await page.evaluate(() => document.querySelectorAll("details").forEach(one => { one.open = true; }));
  const text = await page.locator("main").innerText();
  for (const value of ["<script>alert(1)</script>", "\" onmouseover=\"alert(1)", "<img src=x onerror=alert(1)>", "🦊🏽", "שלום"]) {
    assert.ok(text.includes(value), value);
  }
  assert.equal(await page.locator("main script, main img, [onmouseover], [onerror]").count(), 0);
  for (const cell of await page.locator("tbody th").all().then(cells => cells.slice(0, 40))) await cell.hover({ force: true }).catch(() => {});
  assert.deepEqual(complaints, []);
  await close();
});
