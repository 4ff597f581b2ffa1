import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type ApiAnswer, apiCaller } from '../support/api-caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { openScene, type Scene } from './scene.ts';

const CLIENTS = 64;
const WAYS = ['sms', 'till', 'clerk', 'website', 'form'] as const;

/** Somebody who wants a card for a phone, and what they were told in the end. */
interface Client {
  readonly way: (typeof WAYS)[number];
  readonly card: CardNumber;
  readonly phone: Msisdn;
}

type Told = Client & { readonly said: string };

for (const queue of ['postgres', 'redis'] as const) {
  describe(`all five ways at once for the same cards and phones, queue in ${queue}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene({ queue });
    });
    after(() => scene.close());

    it('leave every card with one phone and every phone with one card, and tell everybody the truth', async function () {
      this.timeout(60_000);
      const clients = await makeClients(scene);
      const confirms = await prepareWebsite(scene, clients);
      const desk = await apiCaller(scene.service, { scopes: ['members:write'] });
      const told = await Promise.all(
        clients.map(async (client): Promise<Told> => {
          const { way, card, phone } = client;
          switch (way) {
            case 'sms':
              return { ...client, said: await textCard(scene, client) };
            case 'till':
              return { ...client, said: outcomeOf(await scene.till.post('/v1/activations', { card, phone })) };
            case 'clerk':
              return { ...client, said: await enterAndApprove(scene, client) };
            case 'website':
              return { ...client, said: outcomeOf((await confirms.get(client)?.()) as ApiAnswer) };
            case 'form':
              return { ...client, said: outcomeOf(await desk.post('/v1/questionnaires', { card, phone })) };
            default:
              return way satisfies never;
          }
        }),
      );
      const open = await scene.ask<{ card: string; phone: string }>(
        sql`SELECT card, phone FROM bindings WHERE closed_at IS NULL`,
      );
      const phoneOf = new Map(open.map(({ card, phone }) => [card, phone]));
      const cardOf = new Map(open.map(({ card, phone }) => [phone, card]));
      assert.deepEqual([phoneOf.size, cardOf.size], [open.length, open.length]);
      const opened = await scene.ask(sql`SELECT FROM audit_events WHERE action = 'binding.opened'`);
      assert.equal(opened.length, open.length, 'nothing was opened and taken away again');
      assert.equal(told.filter(({ said }) => said === 'activated').length, open.length);
      for (const { way, card, phone, said } of told) {
        const where = `${way}: ${said}`;
        if (said === 'activated' || said === 'already-active') assert.equal(phoneOf.get(card), phone, where);
        else if (said === 'card-has-another-phone') assert.ok(phoneOf.get(card) !== phone && phoneOf.has(card), where);
        else if (said === 'phone-has-another-card') assert.ok(cardOf.get(phone) !== card && cardOf.has(phone), where);
        else assert.equal(said, 'card-awaiting-check', where);
      }
      const members = await scene.ask(sql`SELECT phone FROM members GROUP BY phone HAVING count(*) > 1`);
      assert.deepEqual(members, [], 'one member for a phone');
    });
  });
}

/** Eight cards and eight phones, each wanted in every way. */
async function makeClients(scene: Scene): Promise<Client[]> {
  const cards: CardNumber[] = [];
  for (let n = 0; n < 8; n += 1) cards.push(await scene.freshCard());
  const phones = Array.from({ length: 8 }, () => scene.freshPhone());
  return Array.from({ length: CLIENTS }, (_, n) => ({
    way: WAYS[n % WAYS.length] as Client['way'],
    card: cards[n % 8] as CardNumber,
    phone: phones[(n + Math.floor(n / 16)) % 8] as Msisdn,
  }));
}

/** Codes are asked for one by one beforehand, so that in the race only the confirmation is left. */
async function prepareWebsite(
  scene: Scene,
  clients: readonly Client[],
): Promise<Map<Client, () => Promise<ApiAnswer>>> {
  const confirms = new Map<Client, () => Promise<ApiAnswer>>();
  const counts = new Map<string, number>();
  for (const client of clients.filter(({ way }) => way === 'website')) {
    const { card, phone } = client;
    const { body } = await scene.website.post('/v1/registrations', { card, phone });
    const count = (counts.get(phone) ?? 0) + 1;
    counts.set(phone, count);
    const code = await scene.code(phone, count);
    confirms.set(client, () => scene.website.post(`/v1/registrations/${body.id}/confirm`, { code }));
  }
  return confirms;
}

async function enterAndApprove(scene: Scene, { card, phone }: Client): Promise<string> {
  const entered = await scene.clerk.post('/v1/activations', { card, phone });
  if (entered.body.state !== 'awaiting-check') return outcomeOf(entered);
  return outcomeOf(await scene.operator.post(`/v1/activations/${entered.body.id}/approve`));
}

async function textCard(scene: Scene, { card, phone }: Client): Promise<string> {
  await scene.twilio.sendSms({ from: phone, to: '+14155550100', body: `club ${card}` });
  const decided = sql`SELECT outcome FROM inbox WHERE sender = ${phone} AND text = ${`club ${card}`} AND done_at IS NOT NULL`;
  const [row] = await waitFor(
    async () => {
      const rows = await scene.ask<{ outcome: string }>(decided);
      return rows.length > 0 && rows;
    },
    { what: 'an SMS to be decided' },
  );
  return row?.outcome ?? '';
}

/** The outcome of a good answer, the code of a problem. */
function outcomeOf({ body }: ApiAnswer): string {
  return body.outcome ?? body.code;
}
