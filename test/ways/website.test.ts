import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import vm from 'node:vm';
import { sql } from 'kysely';
import { startBrowser } from '../../scripts/browser.mjs';
import { openScene, type Scene } from './scene.ts';

const PAGE = readFileSync(new URL('../../examples/registration/index.html', import.meta.url), 'utf8');

/** A shop's web server with the example page, on an origin of its own. */
async function openShop(): Promise<{ readonly server: Server; readonly origin: string; page: string }> {
  const shop = { page: '' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(shop.page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(shop, { server, origin: `http://127.0.0.1:${port}` });
}

describe('the example page of the website', () => {
  let shop: Awaited<ReturnType<typeof openShop>>;
  let scene: Scene;
  before(async () => {
    shop = await openShop();
    scene = await openScene({ origin: shop.origin });
    shop.page = PAGE.replace('https://sms.example.com', scene.service.origin).replace(
      'prefix.secret',
      scene.website.key,
    );
  });
  after(async () => {
    await scene.close();
    shop.server.closeAllConnections();
    await new Promise((resolve) => shop.server.close(resolve));
  });

  const isActive = async (card: string) =>
    (await scene.ask(sql`SELECT FROM bindings WHERE card = ${card} AND proof = 'code'`)).length === 1;

  it('registers a customer in Chromium, from another origin', async function () {
    this.timeout(60_000);
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    const browser = await startBrowser();
    try {
      const page = await browser.openPage();
      await page.send('Page.navigate', { url: shop.origin });
      await page.until(`document.querySelector('#told')`);
      const type = (name: string, value: string) =>
        page.run(`document.querySelector('[name=${name}]').value = '${value}'`);
      const press = (selector: string) => page.run(`document.querySelector('${selector}').click()`);
      await type('card', card);
      await type('phone', phone);
      await type('name', 'Мария');
      await press('[name=marketing]');
      await press('#registration button');
      await page.until(`!document.querySelector('#confirmation').hidden`);
      await press('[name=resend]');
      await page.until(`document.querySelector('#told').textContent.includes('No more codes')`);
      await type('code', await scene.code(phone));
      await press('#confirmation button');
      await page.until(`document.querySelector('#told').textContent === 'Welcome! The card is yours.'`);
    } finally {
      await browser.stop();
    }
    assert.ok(await isActive(card));
    const members = await scene.ask(sql`SELECT name, consents ? 'marketing' AS ok FROM members WHERE phone = ${phone}`);
    assert.deepEqual(members, [{ name: 'Мария', ok: true }]);
  });

  it('registers a customer by its script alone', async () => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    const field = (value: string) => ({ value });
    const forms = {
      registration: {
        elements: { card: field(card), phone: field(phone), name: field(''), marketing: { checked: false } },
      },
      confirmation: { elements: { code: field('') }, hidden: true },
      told: { textContent: '' },
    };
    const script = /<script>([\s\S]*)<\/script>/.exec(shop.page)?.[1] ?? '';
    const getElementById = (id: keyof typeof forms) => forms[id];
    const fetchFromShop: typeof fetch = (url, options) =>
      fetch(url, { ...options, headers: { ...(options?.headers as object), origin: shop.origin } });
    const document = { getElementById } as { readonly onsubmit?: (event: object) => Promise<void> };
    vm.runInNewContext(script, { document, fetch: fetchFromShop });
    const submit = async (form: 'registration' | 'confirmation') => {
      await document.onsubmit?.({ preventDefault() {}, target: forms[form], submitter: { name: '' } });
      return forms.told.textContent;
    };
    assert.equal(await submit('registration'), 'If we can text this phone, a code is on its way.');
    forms.confirmation.elements.code.value = await scene.code(phone);
    assert.equal(await submit('confirmation'), 'Welcome! The card is yours.');
    assert.ok(await isActive(card));
    assert.match(await submit('confirmation'), /^It was decided before\./);
  });

  it('is refused where the programme does not list its origin', async () => {
    const body = { card: await scene.freshCard(), phone: scene.freshPhone() };
    const answer = await scene.website.post('/v1/registrations', body, { origin: 'https://elsewhere.example' });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [403, null]);
  });
});
