import assert from 'node:assert/strict';
import type { PduFields } from 'smpp';
import { findKannel } from '../../scripts/lib/kannel.mjs';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { readText } from '../../src/providers/smpp/coding.ts';
import { type FakeSmsc, receiptFields, startFakeSmsc, type TakenSubmit } from '../support/fake-smsc.ts';
import { freePort } from '../support/ports.ts';
import { temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';
import { type ClubService, startClub } from './club-service.ts';
import { type KannelGateway, startKannel, startProgram } from './kannel-gateway.ts';
import { shownTexts } from './shown-texts.ts';

const ADDRESS = '2420';

describe('Kannel as the gateway of a channel', function () {
  this.timeout(60_000);
  /** Each customer has a phone and a card of their own. */
  let customers = 0;
  const customer = () => {
    const n = customers++;
    return { from: phone(n), card: card(n) };
  };

  describe('between us and an SMSC', () => {
    let smsc: FakeSmsc;
    let kannel: KannelGateway;
    let club: ClubService;
    const early = customer();

    before(async () => {
      smsc = await startFakeSmsc();
      const servicePort = await freePort();
      kannel = await startKannel({ servicePort, smsc: smppGroup(smsc.port) });
      const { status } = await smsc.deliver(ucs2(early.from, `Карта ${early.card}`));
      assert.equal(status, 0);
      await waitFor(() => kannel.log().includes("Couldn't fetch"), { what: 'Kannel to find nobody' });
      club = await startClub({ 'kannel-main': { ...kannel.channel, addresses: [ADDRESS] } }, servicePort);
    });

    after(async () => {
      const [session] = smsc.sessions;
      await kannel.stop();
      assert.ok(
        session?.seen.some(({ command }) => command === 'unbind'),
        'bearerbox went without an unbind',
      );
      await club.service.stop();
      await smsc.close();
    });

    const submitsTo = (to: string) => smsc.submits.filter(({ fields }) => fields.destination_addr === to.slice(1));
    const shownTo = (to: string) => shownTexts(submitsTo(to).map(partOf));

    /** Waits for the whole reply, has the SMSC report on each of its parts, and gives what came of it. */
    async function answered(to: string, state: string, status: string) {
      await waitFor(() => shownTo(to).length === 1, { what: 'the whole reply at the SMSC', timeoutMs: 20_000 });
      for (const { messageId } of submitsTo(to)) {
        const fields = {
          ...receiptFields(messageId, state, '034'),
          source_addr: to.slice(1),
          destination_addr: ADDRESS,
        };
        assert.equal((await smsc.deliver(fields)).status, 0);
      }
      const told = await club.becomes(to, status);
      assert.equal(told.outcome, 'activated');
      assert.deepEqual(shownTo(to), [told.replyText]);
      return told;
    }

    it('what a customer texted while we were down activates once we are up', async () => {
      await answered(early.from, 'DELIVRD', 'delivered');
    });

    it('bearerbox binds at our fake SMSC with what it was given', () => {
      const [{ pdu } = assert.fail()] = smsc.binds;
      const { system_id: systemId, password } = pdu.fields;
      assert.deepEqual([pdu.command, systemId, password], ['bind_transceiver', 'cardwake', 'secret']);
    });

    it('bearerbox asks our fake SMSC whether it is there, and is asked', async () => {
      const session = await smsc.session();
      await waitFor(() => session.seen.some(({ command }) => command === 'enquire_link'), { what: 'an enquire_link' });
      assert.equal((await session.request('enquire_link')).command, 'enquire_link_resp');
    });

    const TEXTS: readonly (readonly [about: string, sms: (from: string, number: string) => PduFields])[] = [
      ['in GSM-7', (from, number) => gsm7(from, `Card ${number}, please`)],
      ['in Cyrillic, with an emoji', (from, number) => ucs2(from, `Карта № ${number}, спасибо 😀`)],
      ['in Persian digits', (from, number) => ucs2(from, `کارت ${persian(number)} می‌خواهم`)],
    ];
    for (const [about, sms] of TEXTS) {
      it(`a card number ${about} activates, and the reply comes out whole and is delivered`, async () => {
        const { from, card: number } = customer();
        assert.equal((await smsc.deliver(sms(from, number))).status, 0);
        await answered(from, 'DELIVRD', 'delivered');
      });
    }

    it('a card number torn between the parts of a long SMS activates', async () => {
      const { from, card: number } = customer();
      const parts = [`Моя карта № ${number.slice(0, 6)}`, number.slice(6, 11), `${number.slice(11)}, спасибо`];
      for (const at of [3, 1, 2]) {
        const sms = ucs2(from, parts[at - 1] ?? '', Buffer.from([5, 0, 3, 42, 3, at]));
        assert.equal((await smsc.deliver(sms)).status, 0);
      }
      await answered(from, 'DELIVRD', 'delivered');
    });

    for (const [state, status] of [
      ['UNDELIV', 'undelivered'],
      ['EXPIRED', 'undelivered'],
      ['REJECTD', 'undelivered'],
    ] as const) {
      it(`a receipt that says ${state} makes the reply ${status}, with the network's error code`, async () => {
        const { from, card: number } = customer();
        await smsc.deliver(gsm7(from, number));
        const { errorCode } = await answered(from, state, status);
        assert.equal(errorCode, '034');
      });
    }

    for (const [about, text, code] of [
      ['a reply that the SMSC refuses is failed, with the status', (number: string) => `Card ${number}`, '0x0000000b'],
      ['of a reply in parts that is refused Kannel does not tell why', (number: string) => `Карта ${number}`, null],
    ] as const) {
      it(about, async () => {
        const { from, card: number } = customer();
        smsc.plan('ESME_RINVDSTADR');
        await smsc.deliver(ucs2(from, text(number)));
        const { errorCode } = await club.becomes(from, 'failed');
        assert.equal(errorCode, code);
      });
    }

    it('its credentials are proven without an SMS, and a wrong password is told', async () => {
      const before = smsc.submits.length;
      const { provider: _, ...given } = kannel.channel;
      const check = async (changes: object) => {
        const { value } = PROVIDERS.kannel.options.validate({ ...given, ...changes });
        const channel = { key: 'kannel-main', webhookUrl: 'http://127.0.0.1:1/', addresses: [ADDRESS] };
        const provider = PROVIDERS.kannel.create(channel, value, { now: Date.now });
        const verdict = await provider.check();
        await provider.close();
        return verdict;
      };
      assert.deepEqual(await check({}), { kind: 'ok' });
      assert.match(JSON.stringify(await check({ password: 'wrong' })), /refuses username with password/);
      assert.equal(smsc.submits.length, before);
    });

    it('nothing of all that was kept twice, or as unreadable', async () => {
      assert.equal(await club.unreadable(), 0);
    });
  });

  describe('with Kannel’s own fake SMSC', () => {
    it('a card number activates, and the reply is told to the phone', async () => {
      const servicePort = await freePort();
      const smscPort = await freePort();
      const group = `group = smsc\nsmsc = fake\nsmsc-id = fake\nport = ${smscPort}\nconnect-allow-ip = 127.0.0.1`;
      const kannel = await startKannel({ servicePort, smsc: group });
      const club = await startClub({ 'kannel-main': { ...kannel.channel, addresses: [ADDRESS] } }, servicePort);
      const { from, card: number } = customer();
      const { fakesmsc } = await findKannel();
      const sms = `${from} ${ADDRESS} text Card ${number}`;
      const args = ['-H', '127.0.0.1', '-r', String(smscPort), '-m', '1', sms];
      const fake = startProgram(fakesmsc, args, await temporaryFolder('fakesmsc'));
      try {
        // Kannel itself reports on a reply that its fake SMSC took.
        const { outcome, replyText } = await club.becomes(from, 'delivered');
        assert.equal(outcome, 'activated');
        assert.ok(fake.log().includes(`<${ADDRESS} ${from} text ${replyText}>`), fake.log());
      } finally {
        await fake.stop();
        await kannel.stop();
        await club.service.stop();
      }
    });
  });
});

function smppGroup(port: number): string {
  return `group = smsc
smsc = smpp
smsc-id = operator
host = 127.0.0.1
port = ${port}
transceiver-mode = true
smsc-username = cardwake
smsc-password = secret
system-type = ""
address-range = ""
enquire-link-interval = 1
reconnect-delay = 1`;
}

const persian = (digits: string) => digits.replaceAll(/\d/g, (digit) => String.fromCharCode(0x6f0 + Number(digit)));

/** Only with characters that GSM-7 and ASCII write alike. */
function gsm7(from: string, text: string): PduFields {
  return { ...addresses(from), esm_class: 0, data_coding: 0, short_message: Buffer.from(text, 'ascii') };
}

function ucs2(from: string, text: string, header = Buffer.alloc(0)): PduFields {
  const octets = Buffer.concat([header, Buffer.from(text, 'utf16le').swap16()]);
  const esmClass = header.length > 0 ? 0x40 : 0;
  return { ...addresses(from), esm_class: esmClass, data_coding: 8, short_message: octets };
}

function addresses(from: string): PduFields {
  const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: from.slice(1) };
  return { ...source, dest_addr_ton: 0, dest_addr_npi: 1, destination_addr: ADDRESS };
}

function partOf({ fields }: TakenSubmit) {
  const octets = fields.short_message as Buffer;
  const headerOctets = Number(fields.esm_class) & 0x40 ? octets.readUInt8(0) + 1 : 0;
  const codings = { defaultAlphabet: 'gsm-7', octets: 'unreadable' } as const;
  const text = readText(octets.subarray(headerOctets), Number(fields.data_coding), codings);
  return { fields, header: octets.toString('hex', 0, headerOctets), text: text ?? assert.fail('no text') };
}
