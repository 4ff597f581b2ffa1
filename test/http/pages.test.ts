import assert from 'node:assert/strict';
import { startBrowser } from '../../scripts/browser.mjs';
import { createConsoleApp } from '../../src/http/app.ts';
import type { ShownChannel } from '../../src/http/channel-board.ts';
import { createOps } from '../../src/http/health.ts';
import { createPhone, type PhoneLine, type TypedSms } from '../../src/http/phone.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { ConversationMessage } from '../../src/store/conversation.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, quiet, serve } from './client.ts';

type Browser = Awaited<ReturnType<typeof startBrowser>>;
type Page = Awaited<ReturnType<Browser['openPage']>>;

const SIMULATOR = { channel: 'sim', provider: 'simulator', isRehearsal: false, program: 'Club', cards: ['96430016'] };
const NEXT = { ...SIMULATOR, channel: 'next', provider: 'twilio', isRehearsal: true };
const LINES: readonly PhoneLine[] = [
  { ...SIMULATOR, address: '1234' },
  { ...NEXT, address: '2420' },
  { ...NEXT, address: '2421', keyword: 'bread', program: 'Bakery' },
];
const SESSION = { name: 'transceiver-1', state: 'bound', since: new Date().toISOString(), inFlight: 0 } as const;
const REFUSED = { ...SESSION, name: 'transceiver-2', state: 'waiting', reason: 'bind refused' } as const;
const CHANNELS: readonly ShownChannel[] = [
  { key: 'main', provider: 'twilio', addresses: ['1234'], mode: 'live' },
  { key: 'next', provider: 'twilio', addresses: ['2420'], mode: 'rehearsal' },
  { key: 'sim', provider: 'simulator', addresses: ['2421'], mode: 'simulator' },
  {
    key: 'a',
    provider: 'smpp',
    addresses: ['1'],
    mode: 'live',
    sessions: { kind: 'held', sessions: [SESSION, REFUSED] },
  },
  { key: 'b', provider: 'smpp', addresses: ['2'], mode: 'live', sessions: { kind: 'old', sessions: [SESSION] } },
];

/** WCAG 2.2's contrast of each element of the page that has words of its own, against what lies behind it; below 4.5. */
const PALE_WORDS = `(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isClear = (color) => /^rgba\\(.*, 0\\)$/.test(color);
  const behind = (element) => {
    const style = element && getComputedStyle(element);
    return !style || style.backgroundImage !== 'none' ? undefined
      : isClear(style.backgroundColor) ? behind(element.parentElement) : style.backgroundColor;
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const words = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('').trim();
    const back = behind(element);
    if (words === '' || !element.checkVisibility() || back === undefined) return [];
    const [a, b] = [light(getComputedStyle(element).color), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? [words + ' ' + ratio.toFixed(1)] : [];
  });
})()`;

describe('the console in Chromium', () => {
  let browser: Browser | undefined;
  let page: Page;
  let sent: TypedSms[];
  let channels: readonly ShownChannel[];
  let origin: string;

  before(async function () {
    this.timeout(60_000);
    browser = await startBrowser();
  });
  after(() => browser?.stop());

  beforeEach(async () => {
    sent = [];
    channels = CHANNELS;
    const message = (sms: TypedSms): ConversationMessage => {
      const at = new Date().toISOString();
      return { id: sms.id ?? '', direction: 'in', text: sms.text, at, status: 'done', outcome: 'activated' };
    };
    const phone = createPhone({
      lines: () => Promise.resolve(LINES),
      conversation: (from, channel) =>
        Promise.resolve(sent.filter((sms) => sms.from === from && sms.channel === channel).map(message)),
      send(sms) {
        sent.push(sms);
        return Promise.resolve({ id: sms.id ?? '', status: 200 });
      },
    });
    const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
    const parts = { ops, phone, channels: () => Promise.resolve(channels), host: '127.0.0.1', log: quiet };
    const { port } = await serve(createConsoleApp(parts));
    origin = `http://127.0.0.1:${port}`;
    page = (await browser?.openPage()) ?? assert.fail();
  });
  afterEach(async () => {
    await page?.close();
    await closeAll();
  });

  const open = async (path: string, isShown: string) => {
    await page.send('Page.navigate', { url: `${origin}${path}` });
    await page.until(isShown);
  };
  const openPhone = () => open('/phone', `document.querySelector('.cards button')`);
  const press = async (key: string, text?: string) => {
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: { ArrowRight: 39, ArrowDown: 40, Tab: 9, Enter: 13 }[key],
      text,
    };
    await page.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await page.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  };
  const write = async (text: string) => {
    await page.run(`document.getElementById('text').focus()`);
    await page.send('Input.insertText', { text });
    await press('Enter', '\r');
  };
  const isShown = (id: string) => page.run(`document.getElementById('${id}').checkVisibility()`);

  it('lets one choose channel and address with the keyboard alone, and texts there', async () => {
    await openPhone();
    assert.equal(await isShown('rehearsal'), false);
    await page.run(`document.querySelector('#channels input:checked').focus()`);
    await press('ArrowRight');
    await page.until(`document.getElementById('rehearsal').checkVisibility()`);
    assert.equal(await page.run(`document.activeElement.value`), 'next');
    await page.run(`document.getElementById('lines').focus()`);
    await press('ArrowDown');
    await page.until(`document.getElementById('program').textContent === 'Bakery'`);
    await write('Bread 9643');
    await waitFor(() => sent[0], { what: 'the SMS' });
    const [{ id = '', ...sms } = assert.fail()] = sent;
    assert.match(id, /^rehearsal-[\da-f]{24}$/);
    assert.deepEqual(sms, { from: '+79161234567', channel: 'next', to: '2421', text: 'Bread 9643' });
  });

  it('shows one conversation for each channel', async () => {
    const bubbles = `[...document.querySelectorAll('.bubble')].map((each) => each.textContent).join()`;
    await openPhone();
    await write('to the simulator');
    await page.until(`document.querySelector('.outcome')`);
    await page.run(`document.querySelector('#channels input[value=next]').click()`);
    await page.until(`document.querySelector('.empty')`);
    await write('in rehearsal');
    await page.until(`${bubbles} === 'in rehearsal' && document.querySelector('.outcome')`);
    await page.run(`document.querySelector('#channels input[value=sim]').click()`);
    await page.until(`${bubbles} === 'to the simulator'`);
    assert.equal(await isShown('rehearsal'), false);
    assert.deepEqual(
      sent.map(({ id = '', channel, to }) => [id.split('-')[0], channel, to]),
      [
        ['page', 'sim', '1234'],
        ['rehearsal', 'next', '2420'],
      ],
    );
  });

  it('shows a channel’s new state by itself, and says when it cannot', async () => {
    const look = () => page.run(`document.dispatchEvent(new Event('visibilitychange'))`);
    await open('/', `document.querySelectorAll('.channel').length === ${CHANNELS.length}`);
    channels = [{ key: 'other', provider: 'twilio', addresses: ['1'], mode: 'live' }];
    await look();
    await page.until(`document.querySelector('.channel h3').textContent === 'other'`);
    assert.equal(await isShown('silent'), false);
    await closeAll();
    await look();
    await page.until(`document.getElementById('silent').checkVisibility()`);
  });

  for (const scheme of ['light', 'dark']) {
    it(`has words that stand out from what is behind them: ${scheme}`, async () => {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await page.send('Emulation.setEmulatedMedia', { features });
      await open('/', `document.querySelector('.channel')`);
      assert.deepEqual(await page.run(PALE_WORDS), []);
      await openPhone();
      await page.run(`document.querySelector('#channels input[value=next]').click()`);
      await page.until(`document.getElementById('rehearsal').checkVisibility()`);
      assert.deepEqual(await page.run(PALE_WORDS), []);
    });
  }
});
