import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { SendOutcome } from '../../src/providers/provider.ts';
import { type CircuitWord, createCircuit } from '../../workers/circuit.ts';

const ACCEPTED: SendOutcome = { kind: 'accepted', providerMessageId: 'SM1' };
const AWAY: SendOutcome = { kind: 'transient', code: 'ECONNREFUSED' };
const SILENT: SendOutcome = { kind: 'unknown', code: 'timeout' };
const REFUSED: SendOutcome = { kind: 'transient', code: 'http-401', cause: 'account' };
const UNBOUND: SendOutcome = { kind: 'transient', code: 'not-bound', cause: 'no-session' };
const FLOODED: SendOutcome = { kind: 'transient', code: '14107', cause: 'recipient' };
const THROTTLED: SendOutcome = { kind: 'throttled', retryAfterMs: 1_000 };
const REJECTED: SendOutcome = { kind: 'rejected', code: '21211', isOptOut: false };

const times = (length: number, outcome: SendOutcome) => Array.from({ length }, () => outcome);

/** What becomes of a closed circuit after these answers, in this order. */
const OPENS: readonly [after: string, outcomes: readonly SendOutcome[], then: CircuitWord][] = [
  ['four without a connection', times(4, AWAY), 'closed'],
  ['five without a connection', times(5, AWAY), 'open'],
  ['five without an answer', times(5, SILENT), 'open'],
  ['five of either', [AWAY, SILENT, AWAY, SILENT, AWAY], 'open'],
  ['four, an acceptance and four more', [...times(4, AWAY), ACCEPTED, ...times(4, AWAY)], 'closed'],
  ['four, a refusal of one SMS and four more', [...times(4, AWAY), REJECTED, ...times(4, AWAY)], 'closed'],
  ['twenty requests to slow down', times(20, THROTTLED), 'closed'],
  ['twenty for one phone that has to wait', times(20, FLOODED), 'closed'],
  ['the first that says the account is refused', [REFUSED], 'open'],
  ['the first that finds no session', [UNBOUND], 'open'],
];

describe('a circuit', () => {
  let clock = 0;
  beforeEach(() => {
    clock = 1_000;
    mock.method(performance, 'now', () => clock);
  });
  afterEach(() => mock.restoreAll());

  function start(random = 0.5) {
    const lines: { readonly level: string; readonly msg: string; readonly advice?: string }[] = [];
    const log = createLogger({
      level: 'info',
      destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
    });
    const metrics = createMetrics();
    const circuit = createCircuit({ channel: 'main', provider: 'twilio', metrics, log, random: () => random });
    const attempt = async (outcome: SendOutcome, signal = new AbortController().signal) => {
      const leave = await circuit.ask();
      const got = await circuit.run(leave, () => Promise.resolve(outcome), signal);
      if (leave.kind === 'one') leave.end();
      return got;
    };
    const gauge = async () => (await metrics.circuitState.get()).values.map(({ value }) => value);
    return { circuit, attempt, lines, gauge };
  }

  for (const [after, outcomes, then] of OPENS) {
    it(`is ${then} after ${after}`, async () => {
      const { circuit, attempt } = start();
      for (const outcome of outcomes) await attempt(outcome);
      assert.equal(circuit.word(), then);
    });
  }

  it('attempts nothing while it is open, and says when it may close', async () => {
    const { circuit, attempt } = start();
    await attempt(REFUSED);
    assert.deepEqual(await circuit.ask(), { kind: 'none', retryAfterMs: 3_000 });
    assert.equal(await attempt(ACCEPTED), undefined);
    clock += 2_999;
    assert.deepEqual(await circuit.ask(), { kind: 'none', retryAfterMs: 1 });
  });

  for (const [where, hours] of [
    ['back', -1],
    ['forward', 1],
  ] as const) {
    it(`waits no longer and no shorter when the time of day is put ${where} by an hour meanwhile`, async () => {
      const { circuit, attempt } = start();
      await attempt(REFUSED);
      const timeOfDay = Date.now() + hours * 3_600_000;
      mock.method(Date, 'now', () => timeOfDay);
      assert.deepEqual(await circuit.ask(), { kind: 'none', retryAfterMs: 3_000 });
      clock += 3_000;
      await attempt(ACCEPTED);
      assert.equal(circuit.word(), 'closed');
    });
  }

  it('lets one go to find out; the others wait for what that learns', async () => {
    const { circuit, attempt } = start();
    await attempt(REFUSED);
    clock += 3_000;
    const probe = await circuit.ask();
    assert.equal(probe.kind, 'one');
    const others = Promise.all([circuit.ask(), circuit.ask()]);
    await circuit.run(probe, () => Promise.resolve(ACCEPTED), new AbortController().signal);
    if (probe.kind === 'one') probe.end();
    assert.deepEqual(await others, [{ kind: 'all' }, { kind: 'all' }]);
  });

  it('gives the probe to the next when nothing came of it', async () => {
    const { circuit, attempt } = start();
    await attempt(REFUSED);
    clock += 3_000;
    const probe = await circuit.ask();
    const next = circuit.ask();
    if (probe.kind === 'one') probe.end();
    assert.equal((await next).kind, 'one');
  });

  it('has one probe at a time, however many ask', async () => {
    const { circuit, attempt } = start();
    await attempt(REFUSED);
    clock += 3_000;
    let underWay = 0;
    const probe = async () => {
      const leave = await circuit.ask();
      assert.equal(leave.kind, 'one');
      underWay += 1;
      assert.equal(underWay, 1);
      await Promise.resolve();
      underWay -= 1;
      if (leave.kind === 'one') leave.end();
    };
    await Promise.all(Array.from({ length: 20 }, probe));
  });

  it('does not let those go who had leave before it opened', async () => {
    const { circuit, attempt } = start();
    const leave = await circuit.ask();
    await attempt(REFUSED);
    clock += 3_000;
    assert.equal(await circuit.run(leave, () => Promise.resolve(ACCEPTED), new AbortController().signal), undefined);
    assert.equal(circuit.word(), 'open');
  });

  it('waits longer after each probe that fails, up to a minute, and up to five when a probe costs a reply', async () => {
    for (const [outcome, longest] of [
      [AWAY, 60_000],
      [SILENT, 300_000],
    ] as const) {
      const { circuit, attempt } = start(0.999_999);
      const waits: number[] = [];
      for (let turn = 0; turn < 14; turn += 1) {
        await attempt(outcome);
        if (circuit.retryAfterMs() > 0) waits.push(circuit.retryAfterMs());
        clock += circuit.retryAfterMs();
      }
      assert.equal(waits.length, 10);
      for (const [n, wait] of waits.entries()) assert.ok(n === 0 || wait >= (waits[n - 1] ?? 0));
      assert.equal(waits.at(-1), longest);
    }
  });

  it('takes no note of what was called off when the process ends', async () => {
    const { circuit, attempt } = start();
    const stopping = AbortSignal.abort();
    for (let turn = 0; turn < 20; turn += 1) await attempt({ kind: 'transient', code: 'aborted' }, stopping);
    assert.equal(circuit.word(), 'closed');
  });

  it('is told of once when it opens and once when it closes, whatever the probes say', async () => {
    const { attempt, lines, gauge, circuit } = start();
    assert.deepEqual(await gauge(), [0]);
    for (let turn = 0; turn < 10; turn += 1) {
      await attempt(AWAY);
      clock += circuit.retryAfterMs();
    }
    assert.deepEqual(await gauge(), [2]);
    await attempt(ACCEPTED);
    assert.deepEqual(await gauge(), [0]);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        ['warn', 'The provider is away: nothing is sent'],
        ['info', 'Replies are sent again'],
      ],
    );
  });

  it('tells loudly, and with advice, of an account that is refused', async () => {
    const { attempt, lines } = start();
    await attempt(REFUSED);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [['error', 'The provider refuses the account: nothing is sent']],
    );
    assert.match(lines[0]?.advice ?? '', /cardwake doctor --channel main/);
  });
});
