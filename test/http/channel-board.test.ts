import assert from 'node:assert/strict';
import { createConsoleApp } from '../../src/http/app.ts';
import { type ChannelBoard, createChannelBoard, type ShownChannel } from '../../src/http/channel-board.ts';
import { channelSection, durationOf } from '../../src/http/channel-section.ts';
import { createOps } from '../../src/http/health.ts';
import type { Line } from '../../src/lines.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { SessionState } from '../../src/providers/provider.ts';
import { rehearse } from '../../src/providers/rehearsal.ts';
import { holdLease, listLeases } from '../../src/store/leases.ts';
import { channelOf } from '../support/channel.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { call, closeAll, quiet, serve } from './client.ts';

const NOW = new Date('2026-03-14T10:00:00Z');
const before = (seconds: number) => new Date(NOW.getTime() - seconds * 1000);

const BOUND: SessionState = { name: 'transceiver-1', state: 'bound', since: before(7_500), inFlight: 3 };
const REFUSED: SessionState = {
  name: 'transceiver-2',
  state: 'waiting',
  since: before(42),
  inFlight: 0,
  reason: 'bind refused: ESME_RINVPASWD',
};

function lineOf(changes: Parameters<typeof channelOf>[0], hasSessions = false): Line {
  const provider = {
    ...scriptedProvider(accept),
    ...(hasSessions && { sessions: { run: () => Promise.resolve(), states: () => [], canSend: () => false } }),
  };
  const channel = channelOf(changes);
  return { channel, provider: channel.isRehearsal ? rehearse(provider) : provider };
}

const boardOf = (lines: readonly Line[], leases: Parameters<typeof createChannelBoard>[1]) =>
  createChannelBoard(new Map(lines.map((line) => [line.channel.key, line])), leases);

const SMPP = lineOf({ key: 'smsc', provider: 'smpp', addresses: ['2420', '2421'] }, true);

describe('the channels on the console', () => {
  const store = freshStore();

  it('are told with provider, addresses and whether what they send leaves', async () => {
    const lines = [
      lineOf({ key: 'main', provider: 'twilio' }),
      lineOf({ key: 'next', provider: 'vonage', isRehearsal: true }),
      lineOf({ key: 'sim', provider: 'simulator' }),
    ];
    assert.deepEqual(await boardOf(lines, () => assert.fail('the database was asked'))(), [
      { key: 'main', provider: 'twilio', addresses: ['2420'], mode: 'live' },
      { key: 'next', provider: 'vonage', addresses: ['2420'], mode: 'rehearsal' },
      { key: 'sim', provider: 'simulator', addresses: ['2420'], mode: 'simulator' },
    ]);
  });

  it('have sessions as the process told that holds them, marked when it no longer answers', async () => {
    const board = boardOf([SMPP], () => listLeases(store.db));
    const claim = { channel: 'smsc', holder: 'first', states: [BOUND, REFUSED] };
    const states = JSON.parse(JSON.stringify(claim.states)) as unknown;
    const [unheld] = await board();
    assert.deepEqual(unheld?.sessions, { kind: 'nobody' });
    await holdLease(store.db, { ...claim, forMs: 60_000 });
    const [held] = await board();
    assert.deepEqual(held?.sessions, { kind: 'held', sessions: states });
    await holdLease(store.db, { ...claim, forMs: -1 });
    const [old] = await board();
    assert.deepEqual(old?.sessions, { kind: 'old', sessions: states });
  });

  it('have no sessions in rehearsal, also when a process of before has not let go', async () => {
    await holdLease(store.db, { channel: 'next', holder: 'before', forMs: 60_000, states: [BOUND] });
    const board = boardOf([SMPP, lineOf({ key: 'next', provider: 'smpp', isRehearsal: true }, true)], () =>
      listLeases(store.db),
    );
    const shown = await board();
    assert.equal(shown[1]?.sessions, undefined);
  });

  const failures: readonly (readonly [string, () => Promise<never>])[] = [
    ['fails', () => Promise.reject(new Error('away'))],
    ['is silent', () => new Promise(() => {})],
  ];
  for (const [how, leases] of failures) {
    it(`are told all the same, within a second or so, when the database ${how}`, async () => {
      const [shown] = await boardOf([SMPP], leases)();
      assert.deepEqual(shown?.sessions, { kind: 'unreadable' });
    });
  }
});

describe('the home page', () => {
  afterEach(closeAll);

  function serveHome(channels?: ChannelBoard) {
    const ops = createOps({ dependencies: {}, isDraining: () => false, metrics: createMetrics() });
    return serve(createConsoleApp({ ops, host: '127.0.0.1', log: quiet, ...(channels !== undefined && { channels }) }));
  }

  const shown: ShownChannel = { key: 'main', provider: 'twilio', addresses: ['+14155550100'], mode: 'live' };

  it('shows the channels to people, and to machines at /channels', async () => {
    const listening = await serveHome(() => Promise.resolve([shown]));
    const { body } = await call(listening, { path: '/' });
    assert.match(body, /<h3>main<\/h3>/);
    assert.match(body, /<script type="module" src="\/home\/home\.js">/);
    const machine = await call(listening, { path: '/channels' });
    assert.match(String(machine.headers['content-type']), /^application\/json/);
    assert.deepEqual(JSON.parse(machine.body), { channels: [shown] });
    assert.equal((await call(listening, { path: '/home/home.js' })).status, 200);
  });

  it('tells other sites and other names nothing of them', async () => {
    const listening = await serveHome(() => Promise.resolve([shown]));
    assert.equal((await call(listening, { path: '/channels', headers: { host: 'evil.example' } })).status, 403);
  });

  it('shows none in a process that knows of none', async () => {
    const listening = await serveHome();
    assert.doesNotMatch((await call(listening, { path: '/' })).body, /Channels/);
    assert.equal((await call(listening, { path: '/channels' })).status, 404);
  });
});

describe('the section of channels', () => {
  const draw = (...channels: readonly ShownChannel[]) => channelSection(channels, NOW).markup;
  const smsc = { key: 'smsc', provider: 'smpp', addresses: ['2420', '2421'], mode: 'live' } as const;
  const sessions = [BOUND, REFUSED].map((session) => ({ ...session, since: session.since.toISOString() }));
  /** What is read when all tags are taken away. */
  const wordsOf = (markup: string) =>
    markup
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim();

  it('says of each session its state, for how long, what is in flight and why it is not bound', () => {
    const words = wordsOf(draw({ ...smsc, sessions: { kind: 'held', sessions } }));
    const table =
      'Session State For In flight transceiver-1 bound 2 h 5 min 3 transceiver-2 waiting 42 s 0 bind refused: ESME_RINVPASWD';
    assert.equal(words, `Channels smsc Live smpp 2420 2421 ${table}`);
  });

  it('marks what is old', () => {
    const drawn = draw({ ...smsc, sessions: { kind: 'old', sessions } });
    assert.match(wordsOf(drawn), /This is old: the process that told it does not answer any more\. Session State/);
    assert.match(drawn, /<table class="old">/);
  });

  it('says when nobody has the sessions, and when nobody knows', () => {
    assert.match(draw({ ...smsc, sessions: { kind: 'nobody' } }), /no worker runs/);
    assert.match(draw({ ...smsc, sessions: { kind: 'unreadable' } }), /The database did not say/);
  });

  it('is loud about a channel in rehearsal', () => {
    assert.match(draw({ ...smsc, mode: 'rehearsal' }), /class="mode rehearsal">In rehearsal: nothing is sent</);
  });

  it('lets nothing that a peer said become markup', () => {
    const hostile = { name: '<b>', state: 'waiting', since: '"><i>', inFlight: 0, reason: '<script>' } as const;
    assert.doesNotMatch(draw({ ...smsc, sessions: { kind: 'held', sessions: [hostile] } }), /<(?:b|i|script)>/);
  });

  const durations: readonly (readonly [ms: number, words: string])[] = [
    [-5_000, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_000, '59 min'],
    [3_600_000, '1 h 0 min'],
    [86_399_000, '23 h 59 min'],
    [86_400_000 * 3, '3 d'],
  ];
  for (const [ms, words] of durations) {
    it(`says ${words} for ${ms} ms`, () => assert.equal(durationOf(ms), words));
  }
});
