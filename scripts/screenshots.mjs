// Makes the pictures of docs/images with a real browser: `npx tsx scripts/screenshots.mjs`.
// It shows the real console app with a conversation that lives in memory, in Chromium driven over its DevTools protocol.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConsoleApp } from '../src/http/app.ts';
import { createOps } from '../src/http/health.ts';
import { createPhone } from '../src/http/phone.ts';
import { listen } from '../src/http/server.ts';
import { createLogger } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { startBrowser } from './browser.mjs';

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
  reply('2', 2, 'Club: пришлите, пожалуйста, номер вашей карты. Он напечатан на ней, например 9643 1234 5678 9019', 2),
  sms('3', 4, 'Карта 9643 0000 0000 0016', 'activated'),
  reply(
    '4',
    4,
    'Club: добро пожаловать! Карта •••• 0016 теперь ваша. Показывайте её на кассе, копите и тратьте баллы.',
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
  reply(
    '2',
    2,
    'گویا در شمارهٔ کارت اشتباهی هست. لطفاً آن را از روی کارت بخوانید و دوباره بفرستید، مانند ‎9643 1234 5678 9019',
    2,
  ),
  sms('3', 4, 'کارت ۹۶۴۳ ۰۰۰۰ ۰۰۰۰ ۰۰۱۶', 'activated'),
  reply('4', 4, 'به Club خوش آمدید! کارت ‎•••• 0016 اکنون به نام شماست. هنگام خرید آن را نشان دهید و امتیاز بگیرید.', 2),
  { ...sms('5', 5, 'ممنونم 🌷'), status: 'received' },
  reply('6', 5, '', undefined, 'queued'),
];

const CARDS = ['9643000000000032', '9643000000000040', '9643000000000057'];
const SIMULATOR = { channel: 'simulator', provider: 'simulator', isRehearsal: false };
const LINES = [{ ...SIMULATOR, address: '1234', program: 'Club', cards: CARDS }];
const NEXT = { channel: 'smpp-main', provider: 'smpp', isRehearsal: true };
const REHEARSAL_LINES = [
  { ...NEXT, address: '2420', program: 'Club', cards: CARDS },
  { ...NEXT, address: '2420', keyword: 'coffee', program: 'Coffee', cards: CARDS },
  ...LINES,
];

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const REASON = 'bind refused: ESME_RALYBND';
const CHANNELS = [
  { key: 'twilio-main', provider: 'twilio', addresses: ['+14155550100', '73400'], mode: 'live' },
  {
    key: 'smpp-main',
    provider: 'smpp',
    addresses: ['2420'],
    mode: 'live',
    sessions: {
      kind: 'held',
      sessions: [
        { name: 'transceiver-1', state: 'bound', since: ago(7_525), inFlight: 4 },
        { name: 'transceiver-2', state: 'waiting', since: ago(42), inFlight: 0, reason: REASON },
      ],
    },
  },
  {
    key: 'smpp-spare',
    provider: 'smpp',
    addresses: ['2421'],
    mode: 'live',
    sessions: {
      kind: 'old',
      sessions: [{ name: 'transceiver-1', state: 'bound', since: ago(90_000), inFlight: 0 }],
    },
  },
  { key: 'telnyx-next', provider: 'telnyx', addresses: ['+12025550143'], mode: 'rehearsal' },
];

const WIDE = { width: 1160, height: 860 };
const NARROW = { width: 400, height: 860 };
const RUSSIA = { phone: '+79161234567', messages: RUSSIAN };
const IRAN = { phone: '+989121234567', messages: PERSIAN };
const SHOTS = [
  { file: 'phone.png', ...WIDE, scheme: 'light', ...RUSSIA, lines: LINES },
  { file: 'phone-dark.png', ...WIDE, scheme: 'dark', ...IRAN, lines: LINES },
  { file: 'phone-narrow.png', ...NARROW, scheme: 'light', ...RUSSIA, lines: LINES },
  { file: 'rehearsal.png', ...WIDE, scheme: 'light', ...RUSSIA, lines: REHEARSAL_LINES },
  { file: 'home.png', ...WIDE, scheme: 'light' },
];

async function main() {
  let shown = SHOTS[0];
  const phone = createPhone({
    lines: async () => shown.lines,
    conversation: async () => shown.messages,
    send: async () => ({ id: '9', status: 200 }),
  });
  const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
  const parts = {
    ops,
    phone,
    channels: async () => CHANNELS,
    host: '127.0.0.1',
    log: createLogger({ level: 'error' }),
  };
  const console_ = await listen(createConsoleApp(parts), { port: 0, host: '127.0.0.1' });
  const browser = await startBrowser();
  try {
    for (const shot of SHOTS) {
      shown = shot;
      const picture = await photograph(browser, `http://127.0.0.1:${console_.port}`, shot);
      writeFileSync(join(folder, shot.file), picture);
      console.log(join(folder, shot.file));
    }
  } finally {
    await browser.stop();
    await console_.close(1000);
  }
}

async function photograph(browser, origin, { width, height, scheme, phone, messages }) {
  const page = await browser.openPage();
  await page.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1.5, mobile: width < 600 });
  const features = [
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ];
  await page.send('Emulation.setEmulatedMedia', { features });
  await page.send('Emulation.setLocaleOverride', { locale: 'en-GB' });
  if (phone) {
    const source = `localStorage.setItem('cardwake.phone', '${phone}')`;
    await page.send('Page.addScriptToEvaluateOnNewDocument', { source });
    await page.send('Page.navigate', { url: `${origin}/phone` });
    await page.until(`document.querySelectorAll('.message').length === ${messages.length}`);
    await page.until(`document.querySelector('.cards button')`);
  } else {
    await page.send('Page.navigate', { url: origin });
    await page.until(`document.readyState === 'complete' && document.querySelector('.channel')`);
  }
  const { data } = await page.send('Page.captureScreenshot', { format: 'png' });
  await page.close();
  return Buffer.from(data, 'base64');
}

await main();
