import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { sql } from 'kysely';
import { type CardNumber, groupCardNumber } from '../../../src/activation/card-number.ts';
import { LOCALES } from '../../../src/activation/program.ts';
import { addCards } from '../../support/club.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { card, phone } from '../../support/world.ts';
import { closeAll } from '../client.ts';
import { type ReadingApi, serveReadingApi } from './reading.ts';

const STATES = ['issued', 'awaiting-check', 'active', 'blocked', 'replaced', 'unknown'] as const;
const GOLDEN = new URL('cards.golden.txt', import.meta.url);

describe('GET /v1/cards/{number}', () => {
  const store = freshStore();
  let api: ReadingApi;

  before(async () => {
    api = await serveReadingApi(store.db);
  });
  after(closeAll);

  /** One card of each state; the last is in no registry. */
  async function issue(program = 'club'): Promise<void> {
    const cards = STATES.slice(0, -1).map((status, n) => ({ number: card(n), status: status as 'issued' }));
    const held = cards.map((one) => (one.number === card(2) ? { ...one, holder: phone(2) } : one));
    await addCards(store.db, held, program);
    await sql`UPDATE cards SET replaced_by = ${card(2)} WHERE program = ${program} AND number = ${card(4)}`.execute(
      store.db,
    );
  }

  async function proveAs(proof: string, program = 'bakery'): Promise<void> {
    await sql`DELETE FROM members`.execute(store.db);
    await sql`INSERT INTO members (program, phone, phone_proof) VALUES (${program}, ${phone(2)}, ${proof})`.execute(
      store.db,
    );
  }

  it('tells every state in every language as was last approved', async () => {
    await issue();
    const lines: string[] = [];
    for (const [n, state] of STATES.entries()) {
      for (const locale of LOCALES) {
        const { status, body, headers } = await api.get(`/v1/cards/${card(n)}`, { 'accept-language': locale });
        assert.deepEqual([status, body.state, body.number], [200, state, card(n)]);
        assert.equal(headers['content-language'], locale);
        const may = `${body.may.earn ? 'earns' : 'does not earn'}, ${body.may.redeem ? 'redeems' : 'does not redeem'}`;
        const successor = body.successor === undefined ? '' : `, successor ${body.successor}`;
        lines.push(`# ${state} in ${locale}: ${may}${successor}`, body.message, '');
      }
    }
    const told = lines.join('\n');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, told);
    assert.equal(told, readFileSync(GOLDEN, 'utf8'));
  });

  it("speaks the programme's first language to a till that asks for none or for others", async () => {
    await issue();
    for (const headers of [{}, { 'accept-language': 'de-DE, zh' }] as Record<string, string>[]) {
      const { body } = await api.get(`/v1/cards/${card(2)}`, headers);
      assert.match(body.message, /активна/);
    }
  });

  const SPELLINGS: readonly [what: string, spell: (number: CardNumber) => string][] = [
    ['as it is', (number) => number],
    ['in groups of four', groupCardNumber],
    ['with dashes', (number) => groupCardNumber(number).replaceAll(' ', '-')],
    ['with dashes of typographers', (number) => groupCardNumber(number).replaceAll(' ', '–')],
    ['with slashes and dots', (number) => `${number.slice(0, 4)}/${number.slice(4, 8)}.${number.slice(8)}`],
    ['with spaces and line ends of a scanner', (number) => `\t${number}\r\n`],
    ['with a number sign', (number) => `№ ${number}`],
    ['in Persian digits', (number) => inDigits(number, 0x06f0)],
    ['in Arabic digits', (number) => inDigits(number, 0x0660)],
    ['in full-width digits', (number) => inDigits(number, 0xff10)],
    ['with no-break spaces', (number) => groupCardNumber(number).replaceAll(' ', '\u00a0')],
    ['with invisible marks', (number) => `\u200e${number}\u200f`],
    ['with letters that look like digits', (number) => number.replaceAll('0', 'O')],
  ];
  for (const [what, spell] of SPELLINGS) {
    it(`takes the number ${what}`, async () => {
      await issue();
      const { status, body } = await api.get(`/v1/cards/${encodeURIComponent(spell(card(2)))}`);
      assert.deepEqual([status, body.number, body.state], [200, card(2), 'active']);
    });
  }

  it('takes an alphanumeric number in small letters and in look-alikes of another alphabet', async () => {
    const number = 'VIP000000000' as CardNumber;
    const found = await api.get(`/v1/cards/${number}`);
    const { status, body } = await api.get('/v1/cards/vip-000-000-000');
    assert.deepEqual([status, body.number, body], [found.status, number, found.body]);
  });

  for (const wrong of ['9643', '9643000000000001', 'hello', '9643000000000000 9643000000000018', '0', '%20']) {
    it(`answers unsupported-card for ${wrong}, and does not repeat it`, async () => {
      const { status, body } = await api.get(`/v1/cards/${wrong.includes('%') ? wrong : encodeURIComponent(wrong)}`);
      assert.deepEqual([status, body.code], [422, 'unsupported-card']);
      assert.ok(!JSON.stringify(body).includes('9643'));
    });
  }

  it("does not know another programme's card", async () => {
    await issue('bakery');
    const { status, body } = await api.get(`/v1/cards/${card(2)}`);
    assert.deepEqual([status, body.state, body.may], [200, 'unknown', { earn: false, redeem: false }]);
    assert.equal((await api.get(`/v1/cards/${card(2)}`, {}, 'bakery')).body.state, 'active');
  });

  it('holds back the card of a phone from a form, where the programme asks for a proved one', async () => {
    await issue('bakery');
    const seen: unknown[] = [];
    for (const proof of ['none', 'cashier', 'operator', 'sms', 'code']) {
      await proveAs(proof);
      const { body } = await api.get(`/v1/cards/${card(2)}`, {}, 'bakery');
      seen.push([proof, body.state, body.may.earn, body.may.redeem, /confirm/.test(body.message)]);
    }
    assert.deepEqual(seen, [
      ['none', 'active', true, false, true],
      ['cashier', 'active', true, true, false],
      ['operator', 'active', true, true, false],
      ['sms', 'active', true, true, false],
      ['code', 'active', true, true, false],
    ]);
  });

  it('lets it redeem where the programme does not ask, and where the holder has no profile', async () => {
    await issue();
    await issue('bakery');
    await proveAs('none', 'club');
    assert.equal((await api.get(`/v1/cards/${card(2)}`)).body.may.redeem, true);
    assert.equal((await api.get(`/v1/cards/${card(2)}`, {}, 'bakery')).body.may.redeem, true);
  });

  it('names the keyword where the number alone would lead to another programme', async () => {
    await issue('bakery');
    const { body } = await api.get(`/v1/cards/${card(0)}`, {}, 'bakery');
    assert.equal(body.message, 'Card not activated: tell the customer to text bread and its number to 1234.');
  });

  it('gives the safe text where nobody can text the programme', async () => {
    await issue('nowhere');
    const { status, body } = await api.get(`/v1/cards/${card(0)}`, {}, 'nowhere');
    assert.deepEqual([status, body.message], [200, 'For help with this card call +7 495 000 00 02']);
  });

  it('answers 304 while nothing has changed, and the whole answer once something has', async () => {
    await issue();
    const path = `/v1/cards/${card(0)}`;
    const first = await api.get(path);
    assert.equal(first.headers['cache-control'], 'private, no-cache');
    assert.equal(first.headers.vary, 'accept-language');
    const etag = String(first.headers.etag);
    assert.match(etag, /^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await api.get(path, { 'if-none-match': known });
      assert.deepEqual([again.status, again.body, again.headers.etag], [304, {}, etag], known);
    }
    await sql`UPDATE cards SET status = 'blocked' WHERE number = ${card(0)}`.execute(store.db);
    const changed = await api.get(path, { 'if-none-match': etag });
    assert.deepEqual([changed.status, changed.body.state], [200, 'blocked']);
    assert.notEqual(changed.headers.etag, etag);
  });

  it('tags the languages apart', async () => {
    await issue();
    const tags = new Set<unknown>();
    for (const locale of LOCALES) {
      const { headers } = await api.get(`/v1/cards/${card(0)}`, { 'accept-language': locale });
      tags.add(headers.etag);
    }
    assert.equal(tags.size, LOCALES.length);
  });
});

function inDigits(number: string, zero: number): string {
  return number.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
}
