import assert from 'node:assert/strict';
import { smppChannel } from '../../src/providers/smpp/channel.ts';
import { openSmppChannel, smppOptionsTo } from '../support/smpp-channel.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';
import { type ClubService, startClub } from './club-service.ts';
import { type Delivered, type NetSmppSmsc, type ReceiptHabit, startNetSmppSmsc } from './net-smpp-smsc.ts';
import { shownTexts } from './shown-texts.ts';

/** Channels that differ in all that can be chosen; each its own ESME at the SMSC, named as its key. */
const CHANNELS: Readonly<Record<string, { readonly options: object; readonly receipts: ReceiptHabit }>> = {
  udh8: { options: { long: 'udh8' }, receipts: { form: 'text', state: 'DELIVRD' } },
  udh16: {
    options: { long: 'udh16', bind: 'transmitter-and-receiver', receiptIds: 'hex-to-decimal' },
    receipts: { form: 'text', state: 'DELIVRD', ids: 'hex-to-decimal' },
  },
  sar: { options: { long: 'sar', sessions: 2 }, receipts: { form: 'text', state: 'DELIVRD', first: true } },
  payload: { options: { long: 'payload', version: '5.0' }, receipts: { form: 'tlv', state: 'DELIVRD' } },
};
const BINDS: Readonly<Record<string, readonly string[]>> = {
  udh8: ['bind_transceiver'],
  udh16: ['bind_receiver', 'bind_transmitter'],
  sar: ['bind_transceiver', 'bind_transceiver'],
  payload: ['bind_transceiver'],
};

const ADDRESS = '2420';
const UCS2 = { charset: 'UTF-16BE', dataCoding: 8 } as const;
const GSM7 = { charset: 'gsm0338', dataCoding: 0 } as const;
const persian = (digits: string) => digits.replaceAll(/\d/g, (digit) => String.fromCharCode(0x6f0 + Number(digit)));

/** SMS by what is remarkable in them; with `CARD` for a card's number. */
const TEXTS: readonly (readonly [about: string, sms: Pick<Delivered, 'text' | 'charset' | 'dataCoding'>])[] = [
  ['in the default alphabet, with characters of its extension', { text: 'Card CARD [€] ñ @ _', ...GSM7 }],
  ['in Latin-1', { text: 'Carte CARD, été', charset: 'iso-8859-1', dataCoding: 3 }],
  ['in ASCII', { text: 'CARD', charset: 'ascii', dataCoding: 1 }],
  ['in a message class', { text: 'Card CARD', charset: 'gsm0338', dataCoding: 0xf1 }],
  ['in Cyrillic, with an emoji', { text: 'Карта № CARD, спасибо 😀', ...UCS2 }],
  ['in octets that are UTF-8', { text: 'Карта CARD', charset: 'UTF-8', dataCoding: 4 }],
];

describe('An SMPP channel at an SMSC made with Perl’s Net::SMPP', function () {
  this.timeout(60_000);
  let smsc: NetSmppSmsc;
  let club: ClubService;
  /** Each customer has a phone and a card of their own. */
  let customers = 0;

  before(async () => {
    smsc = await startNetSmppSmsc();
    const account = { provider: 'smpp', host: '127.0.0.1', port: smsc.port, password: 'secret', addresses: [ADDRESS] };
    const channels = Object.entries(CHANNELS).map(([key, { options }]) => [
      key,
      { ...account, systemId: key, ...options },
    ]);
    club = await startClub(Object.fromEntries(channels));
    for (const [key, { receipts }] of Object.entries(CHANNELS)) smsc.receipts(key, receipts);
    await waitFor(() => Object.keys(CHANNELS).every((key) => bindsOf(key).length === BINDS[key]?.length), {
      what: 'all sessions to be bound',
    });
  });

  after(async () => {
    await club.service.stop();
    for (const key of Object.keys(CHANNELS)) {
      const endedBy = (how: string) =>
        smsc.events.filter(({ event, esme, by }) => event === 'ended' && esme === key && by === how).length;
      const isParted = () => endedBy('unbind') === bindsOf(key).length - endedBy('unbind_resp') - endedBy('drop');
      await waitFor(isParted, { what: `every session of ${key} that was left to be unbound` });
    }
    await smsc.stop();
  });

  /** The binds of an ESME, by their names. */
  const bindsOf = (key: string) =>
    smsc.events
      .flatMap(({ event, esme, command = '' }) => (event === 'bound' && esme === key ? [command] : []))
      .toSorted((a, b) => a.localeCompare(b));
  const customer = () => {
    const n = customers++;
    return { from: phone(n), card: card(n) };
  };
  const shownTo = (to: string) =>
    shownTexts(smsc.submitted.filter(({ fields }) => `+${String(fields.destination_addr)}` === to));

  async function isAnswered(from: string, status = 'delivered'): Promise<void> {
    const { outcome, replyText } = await club.becomes(from, status);
    assert.equal(outcome, 'activated');
    assert.deepEqual(shownTo(from), [replyText]);
  }

  for (const [key, { options }] of Object.entries(CHANNELS)) {
    describe(`with ${JSON.stringify(options)}`, () => {
      it('is bound as it is configured', () => {
        assert.deepEqual(bindsOf(key), BINDS[key]);
        const { version } = smsc.events.find(({ event, esme }) => event === 'bound' && esme === key) ?? {};
        assert.equal(version, key === 'payload' ? 0x50 : 0x34);
      });

      for (const [about, { text, ...sms }] of TEXTS) {
        it(`a card number ${about} activates; the reply is whole, and its receipt is believed`, async () => {
          const { from, card: number } = customer();
          const status = await smsc.deliver(key, { from, to: ADDRESS, text: text.replace('CARD', number), ...sms });
          assert.equal(status, 0);
          await isAnswered(from);
          assert.equal((await club.becomes(from, 'delivered')).text, text.replace('CARD', number));
        });
      }

      it('a card number in Persian digits is answered in Persian', async () => {
        const { from, card: number } = customer();
        assert.equal(
          await smsc.deliver(key, { from, to: ADDRESS, text: `کارت ${persian(number)} می‌خواهم`, ...UCS2 }),
          0,
        );
        await isAnswered(from);
        assert.match(shownTo(from)[0] ?? '', /خوش آمدید/);
      });
    });
  }

  describe('is texted in parts', () => {
    const cut = (text: string) => [text.slice(0, 12), text.slice(12, 18), text.slice(18)];
    const byte = (n: number) => n.toString(16).padStart(2, '0');
    const NUMBERED: Readonly<Record<string, (at: number) => Partial<Delivered>>> = {
      'an 8-bit reference': (at) => ({ header: `0500032a03${byte(at)}` }),
      'a 16-bit reference and an element that we do not know': (at) => ({ header: `080804123403${byte(at)}7a00` }),
      'SAR fields': (at) => ({
        tlvs: { sar_msg_ref_num: '002b', sar_total_segments: '03', sar_segment_seqnum: byte(at) },
      }),
    };
    for (const [about, numbered] of Object.entries(NUMBERED)) {
      it(`numbered by ${about}, out of order and twice: a number torn between them activates`, async () => {
        const { from, card: number } = customer();
        const parts = cut(`Моя карта № ${number}`);
        for (const at of [3, 1, 1, 2]) {
          const sms = { from, to: ADDRESS, text: parts[at - 1] ?? '', ...UCS2, ...numbered(at) };
          assert.equal(await smsc.deliver('sar', sms), 0);
        }
        await isAnswered(from);
      });
    }

    it('whole in message_payload, of any length', async () => {
      const { from, card: number } = customer();
      const text = `${'Здравствуйте! '.repeat(30)}${number}`;
      assert.equal(await smsc.deliver('udh8', { from, to: ADDRESS, text, ...UCS2, isPayload: true }), 0);
      await isAnswered(from);
    });
  });

  describe('is told what became of a reply', () => {
    const STATES = [
      ['UNDELIV', 'undelivered'],
      ['EXPIRED', 'undelivered'],
      ['REJECTD', 'failed'],
    ] as const;
    for (const form of ['text', 'tlv'] as const) {
      for (const [state, status] of STATES) {
        it(`${state} as ${form}: it is ${status}, with the error code`, async () => {
          smsc.receipts('udh8', { form, state, error: 34 });
          const { from, card: number } = customer();
          await smsc.deliver('udh8', { from, to: ADDRESS, text: number, ...GSM7 });
          const { errorCode } = await club.becomes(from, status);
          assert.equal(Number(errorCode), 34);
        });
      }
    }
    after(() => smsc.receipts('udh8', { form: 'text', state: 'DELIVRD' }));
  });

  describe('and the SMSC is difficult', () => {
    it('it throttles: the reply goes out later, once', async () => {
      smsc.throttle('payload', 2);
      const { from, card: number } = customer();
      await smsc.deliver('payload', { from, to: ADDRESS, text: number, ...GSM7 });
      await isAnswered(from);
    });

    it('it asks whether we are there: we are', async () => {
      smsc.order('enquire', 'udh8');
      await waitFor(() => smsc.events.some(({ event, esme }) => event === 'enquired' && esme === 'udh8'), {
        what: 'the answer to enquire_link',
      });
    });

    for (const order of ['unbind', 'drop'] as const) {
      it(`it ends the session by ${order}: we are back within seconds, and texts go on`, async () => {
        const before = bindsOf('udh8').length;
        smsc.order(order, 'udh8');
        await waitFor(() => bindsOf('udh8').length > before, { what: 'another bind' });
        const { from, card: number } = customer();
        assert.equal(await smsc.deliver('udh8', { from, to: ADDRESS, text: number, ...GSM7 }), 0);
        await isAnswered(from);
      });
    }
  });

  it('has its credentials proven, and a wrong password told', async () => {
    assert.deepEqual(await smppChannel(smppOptionsTo(smsc)).check(), { kind: 'ok' });
    const wrong = await smppChannel(smppOptionsTo(smsc, { password: 'wrong' })).check();
    assert.equal(wrong.kind, 'failed');
    assert.match(JSON.stringify(wrong), /ESME_RINVPASWD/);
  });

  describe('sends texts of all lengths, which come out whole', () => {
    const LONG_TEXTS = [
      'a'.repeat(160),
      'a'.repeat(161),
      `${'a'.repeat(152)}€${'b'.repeat(151)}{`,
      '€'.repeat(80),
      '€'.repeat(77),
      'ÄÖÑÜ§¿äöñüà£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ',
      'ж'.repeat(70),
      'ж'.repeat(71),
      'ж'.repeat(700),
      '😀'.repeat(35),
      `a${'😀'.repeat(200)}`,
      `کارت شما فعال شد ${persian('9643001234563456 ').repeat(20)}`,
      'Ĉu ĝi ŝanĝas? '.repeat(12),
    ];
    for (const long of ['udh8', 'udh16', 'sar', 'payload']) {
      it(`by ${long}`, async () => {
        const systemId = `texts-${long}`;
        const channel = await openSmppChannel(smsc, { options: { systemId, long } });
        const sent = () => smsc.submitted.filter(({ esme }) => esme === systemId);
        try {
          for (const [index, text] of LONG_TEXTS.entries()) {
            assert.equal((await channel.send(String(index), text)).kind, 'accepted');
          }
          await waitFor(() => shownTexts(sent()).length === LONG_TEXTS.length, { what: 'all texts to be shown' });
          assert.deepEqual(shownTexts(sent()), LONG_TEXTS);
          if (long === 'payload') assert.equal(sent().length, LONG_TEXTS.length);
        } finally {
          await channel.stop();
        }
      });
    }
  });

  describe('after all that', () => {
    it('nothing was kept as unreadable', async () => {
      assert.equal(await club.unreadable(), 0);
    });
  });
});
