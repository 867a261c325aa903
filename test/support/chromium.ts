import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The browser that tests run pages in: Debian's `chromium`, or what CHROMIUM names; none where neither starts. */
export const chromium = [process.env["CHROMIUM"] ?? "chromium"].find(
  (command) => spawnSync(command, ["--version"]).status === 0,
);

/** A page: files by path, of which the module `/page.js` gives, as `answer`, what is to be known. */
export type Page = Readonly<Record<string, string | Uint8Array>>;

/**
 * Runs a page in headless Chromium, from a server on this machine, and gives what its promise `answer` comes to.
 *
 * @throws {Error} with the page's own error
 */
export async function runPage(command: string, page: Page): Promise<unknown> {
  const { server, answered } = serve(page);
  const profile = mkdtempSync(join(tmpdir(), "dpzo-chromium-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = start(command, profile, (server.address() as AddressInfo).port);
  try {
    return await Promise.race([answered, gone(browser)]);
  } finally {
    await stop(browser);
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// No sandbox: it does not start in most containers, and the page is this repository's own.
function start(command: string, profile: string, port: number): ChildProcess {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const address = `http://127.0.0.1:${port}/`;
  return spawn(command, [...flags, `--user-data-dir=${profile}`, address], {
    stdio: "ignore",
    detached: true,
  });
}

function gone(browser: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    browser.on("error", reject);
    browser.on("exit", (code) => {
      reject(new Error(`Chromium ended (code ${String(code)}) before its page had answered.`));
    });
  });
}

/** Ends the browser and the processes that it has started, which are one group. */
async function stop(browser: ChildProcess): Promise<void> {
  const { pid, exitCode, signalCode } = browser;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  const ended = new Promise((resolve) => browser.on("exit", resolve));
  process.kill(-pid, "SIGKILL");
  await ended;
}

const html = `<!doctype html><meta charset="utf-8"><title>test</title><script type="module">
const send = (body) => fetch("/answer", { method: "POST", body: JSON.stringify(body) });
try {
  const page = await import("/page.js");
  await send({ answer: await page.answer });
} catch (error) {
  await send({ failed: String(error && error.stack || error) });
}
</script>`;

function serve(page: Page): { readonly server: Server; readonly answered: Promise<unknown> } {
  const server = createServer();
  const answered = new Promise<unknown>((resolve, reject) => {
    server.on("request", (request: IncomingMessage, response) => {
      const path = request.url ?? "/";
      const file = path === "/" ? html : page[path];
      const found = file !== undefined || path === "/answer";
      const type = path === "/" ? "text/html" : "text/javascript";
      response.writeHead(found ? 200 : 404, { "content-type": type }).end(file);
      if (path !== "/answer") return;
      readBody(request).then((body) => {
        const { answer, failed } = JSON.parse(body) as { answer?: unknown; failed?: string };
        if (failed === undefined) resolve(answer);
        else reject(new Error(`The page failed: ${failed}`));
      }, reject);
    });
  });
  return { server, answered };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
