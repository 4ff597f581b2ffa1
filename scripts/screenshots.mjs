// Makes the pictures of docs/images with a real browser: `npx tsx scripts/screenshots.mjs`.
// It shows the real console app with a conversation that lives in memory, in Chromium driven over its DevTools protocol.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'undici';
import { createConsoleApp } from '../src/http/app.ts';
import { createOps } from '../src/http/health.ts';
import { createPhone } from '../src/http/phone.ts';
import { listen } from '../src/http/server.ts';
import { createLogger } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';

const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const folder = process.argv[2] ?? 'docs/images';

const at = (minute) => new Date(Date.now() - (10 - minute) * 60_000).toISOString();
const sms = (id, minute, text, outcome) => ({ id, direction: 'in', text, at: at(minute), status: 'done', outcome });
const reply = (id, minute, text, segments, status = 'delivered') => ({
  id,
  direction: 'out',
  text,
  at: at(minute),
  status,
  segments,
});

const RUSSIAN = [
  sms('1', 2, 'Здравствуйте! Хочу карту'),
  reply(
    '2',
    2,
    'Пришлите, пожалуйста, номер карты Club: он напечатан на самой карте. Например, 9643 1234 5678 9017',
    2,
  ),
  sms('3', 4, 'Карта 9643 0000 0000 0016', 'activated'),
  reply(
    '4',
    4,
    'Добро пожаловать в Club! Карта •••• 0016 теперь ваша: показывайте её на кассе, копите и тратьте баллы.',
    2,
  ),
  sms('5', 9, 'А эта? 9643 0000 0000 0024', 'phone-has-another-card'),
  reply(
    '6',
    9,
    'У вас уже есть карта •••• 0016. Чтобы заменить её на •••• 0024, пришлите в ответ код 4071. Он действует 15 мин.',
    2,
    'sent',
  ),
];
RUSSIAN[0].outcome = 'no-card-number';

const PERSIAN = [
  sms('1', 2, 'کارت ۹۶۴۳ ۰۰۰۰ ۰۰۰۰ ۰۰۱۷', 'mistyped-card-number'),
  reply('2', 2, 'شمارهٔ کارت درست نیست. لطفاً رقم‌ها را بررسی کنید و دوباره بفرستید.', 1),
  sms('3', 4, 'کارت ۹۶۴۳ ۰۰۰۰ ۰۰۰۰ ۰۰۱۶', 'activated'),
  reply('4', 4, 'به Club خوش آمدید! کارت ۰۰۱۶ •••• اکنون به نام شماست. هنگام خرید آن را نشان دهید و امتیاز بگیرید.', 2),
  { ...sms('5', 5, 'ممنونم 🌷'), status: 'received' },
  reply('6', 5, '', undefined, 'queued'),
];

const SHOTS = [
  { file: 'phone.png', width: 1160, height: 860, scheme: 'light', phone: '+79161234567', messages: RUSSIAN },
  { file: 'phone-dark.png', width: 1160, height: 860, scheme: 'dark', phone: '+989121234567', messages: PERSIAN },
  { file: 'phone-narrow.png', width: 400, height: 860, scheme: 'light', phone: '+79161234567', messages: RUSSIAN },
];

async function main() {
  let messages = [];
  const phone = createPhone({
    lines: async () => [
      { address: '1234', program: 'Club', cards: ['9643000000000032', '9643000000000040', '9643000000000057'] },
    ],
    conversation: async () => messages,
    send: async () => ({ id: '9', status: 200 }),
  });
  const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
  const app = createConsoleApp({ ops, phone, host: '127.0.0.1', log: createLogger({ level: 'error' }) });
  const console_ = await listen(app, 0, '127.0.0.1');
  const browser = await startBrowser();
  try {
    for (const shot of SHOTS) {
      messages = shot.messages;
      const picture = await photograph(browser, `http://127.0.0.1:${console_.port}/phone`, shot);
      writeFileSync(join(folder, shot.file), picture);
      console.log(join(folder, shot.file));
    }
  } finally {
    await browser.stop();
    await console_.close(1000);
  }
}

/** Starts Chromium with a new profile; `send` talks to the browser or, with a session, to one page. */
async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'cardwake-browser-'));
  const flags = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';
  const quiet = '--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-port=0';
  const child = spawn(CHROMIUM, [
    ...flags.split(' '),
    ...quiet.split(' '),
    `--user-data-dir=${profile}`,
    'about:blank',
  ]);
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium did not start: ${said}`)));
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const found = /ws:\/\/\S+/.exec(said);
      if (found) resolve(found[0]);
    });
  });
  const socket = new WebSocket(address);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  const waiting = new Map();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
  });
  let last = 0;
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await send('Browser.close');
    await ended;
    rmSync(profile, { recursive: true, force: true });
  };
  return { send, stop };
}

async function photograph({ send }, url, { width, height, scheme, phone, messages }) {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  const run = async (expression) => {
    const { result, exceptionDetails } = await page('Runtime.evaluate', { expression, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await page('Page.enable');
  await page('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1.5, mobile: width < 600 });
  const features = [
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ];
  await page('Emulation.setEmulatedMedia', { features });
  await page('Emulation.setLocaleOverride', { locale: 'en-GB' });
  await page('Page.addScriptToEvaluateOnNewDocument', { source: `localStorage.setItem('cardwake.phone', '${phone}')` });
  await page('Page.navigate', { url });
  await run(`new Promise((resolve, reject) => {
    const look = () => document.querySelectorAll('.message').length === ${messages.length} && document.querySelector('.cards button')
      ? requestAnimationFrame(() => resolve()) : requestAnimationFrame(look);
    look();
    setTimeout(() => reject(new Error('The page did not show its messages')), 8000);
  })`);
  const { data } = await page('Page.captureScreenshot', { format: 'png' });
  await send('Target.closeTarget', { targetId });
  return Buffer.from(data, 'base64');
}

await main();
