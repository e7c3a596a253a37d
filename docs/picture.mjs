/**
 * The picture of docs/pages.md: the first view of a page, with one of its characters looked at.
 *
 *     node docs/picture.mjs english.html docs/pages.png
 */

import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const CHARACTER = 132; // that is looked at

const [page, picture] = process.argv.slice(2);
const executablePath = execFileSync("which", ["chromium"]).toString().trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const tab = await browser.newPage({ viewport: { width: 1120, height: 800 }, colorScheme: "light" });
await tab.goto(pathToFileURL(resolve(page)).href);
await tab.locator("#view-Write .text span").nth(CHARACTER).click();
await tab.locator("#view-Write .rivals li").first().waitFor();
await tab.screenshot({ path: picture });
await browser.close();
