import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'undici';
import { findChromium } from './lib/chromium.mjs';

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-port=0';

/** A Chromium that has not ended by then is killed. */
const STOP_MS = 5_000;

/** Starts Chromium (see `findChromium`) with a new profile, and talks DevTools protocol to it. */
export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'cardwake-browser-'));
  const child = spawn(await findChromium(), [...FLAGS.split(' '), `--user-data-dir=${profile}`]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const send = await connect(await addressOf(child));
  return {
    openPage: () => openPage(send),
    async stop() {
      // It may be gone before its answer has left, and then nobody answers.
      send('Browser.close').catch(() => undefined);
      const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(killing);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function addressOf(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium did not start: ${said}`)));
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const found = /ws:\/\/\S+/.exec(said);
      if (found) resolve(found[0]);
    });
  });
}

/** A function that sends a command, to the browser or to a page's session, and gives its result. */
async function connect(address) {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const waiting = new Map();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error) asker?.reject(new Error(error.message));
    else asker?.resolve(result);
  });
  let last = 0;
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    });
}

/** `send` sends a command to the page, `run` evaluates an expression in it, `until` waits for one to be true. */
async function openPage(send) {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  await page('Page.enable');
  const run = async (expression) => {
    const { result, exceptionDetails } = await page('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const until = async (condition) => {
    const deadline = Date.now() + 10_000;
    while (!(await run(`Boolean(${condition})`).catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`The page never came to ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { send: page, run, until, close: () => send('Target.closeTarget', { targetId }) };
}
