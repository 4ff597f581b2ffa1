import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { textCommand } from '../../../src/cli/commands/text.ts';
import type { CliContext } from '../../../src/cli/context.ts';
import { loadSettings } from '../../../src/config.ts';
import { createConsoleApp, createPublicApp } from '../../../src/http/app.ts';
import { createOps } from '../../../src/http/health.ts';
import { createPhone } from '../../../src/http/phone.ts';
import { createWebhooks } from '../../../src/http/webhooks.ts';
import { openLines } from '../../../src/lines.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { MobileOriginated } from '../../../src/sms/message.ts';
import type { ConversationMessage } from '../../../src/store/conversation.ts';
import { closeAll, quiet, serve } from '../../http/client.ts';
import { freePort } from '../../support/ports.ts';

type Decided = Partial<ConversationMessage>;

const TWILIO_ALONE = `programs:
  p: { name: P, countries: [RU], locales: [ru], support: "+74950000000", series: [{ name: m, prefix: "9", length: 8 }] }
channels:
  t:
    provider: twilio
    publicUrl: https://a.example
    addresses: ["1234"]
    program: p
    accountSid: AC${'0'.repeat(32)}
    authToken: t
`;

/** The real doors of the service, with a memory instead of Postgres and an answer that the test gives. */
async function serveCardwake(
  folder: string,
  decide: (sms: MobileOriginated) => { own: Decided; reply?: Decided; writtenLater?: string },
) {
  const messages: ConversationMessage[] = [];
  /** The text of the reply, that is written down once it was looked at. */
  let later: string | undefined;
  const settings = loadSettings({ CARDWAKE_SIMULATOR_SECRET: 'shared' }, { cwd: folder });
  const metrics = createMetrics();
  const add = (message: Decided & Pick<ConversationMessage, 'id' | 'direction'>) =>
    messages.push({ text: '', at: new Date().toISOString(), status: 'received', ...message });
  const take = (message: MobileOriginated) => {
    const { own, reply, writtenLater } = decide(message);
    later = writtenLater;
    add({ id: message.providerMessageId, direction: 'in', text: message.text, ...own });
    if (reply !== undefined) add({ id: `reply-${messages.length}`, direction: 'out', ...reply });
  };
  const provider = await serve(
    createPublicApp({
      log: quiet,
      webhooks: createWebhooks({
        channels: openLines(settings),
        keep: (_channel, received) => {
          for (const one of received) if (one.kind === 'message') take(one.message);
          return Promise.resolve();
        },
        metrics,
        log: quiet,
      }),
    }),
  );
  const phone = createPhone({
    lines: () => Promise.resolve([]),
    conversation: (number) => {
      if (number !== '+79161234567') return Promise.resolve([]);
      const seen = [...messages];
      const reply = messages.at(-1);
      if (reply !== undefined && later !== undefined) messages.splice(-1, 1, { ...reply, text: later });
      return Promise.resolve(seen);
    },
    send(sms) {
      if (sms.to !== '1234') return Promise.resolve('shut');
      take({ providerMessageId: sms.id ?? '', from: sms.from, to: sms.to, text: sms.text });
      return Promise.resolve({ id: sms.id ?? '', status: 200 });
    },
  });
  const ops = createOps({ dependencies: {}, isDraining: () => false, metrics });
  const people = await serve(createConsoleApp({ ops, phone, host: '127.0.0.1', log: quiet }));
  add({ id: 'reply-of-yesterday', direction: 'out', text: 'Yesterday', status: 'delivered' });
  return { PORT: String(provider.port), CONSOLE_PORT: String(people.port) };
}

describe('cardwake text', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-text-'));
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  /** The lines that the command prints, without the seconds it took. */
  const run = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string[]> => {
    const printed: string[] = [];
    const context: CliContext = {
      settings: () => loadSettings({ CARDWAKE_SIMULATOR_SECRET: 'shared', ...env }, { cwd: folder }),
      database: () => Promise.reject(new Error('not used')),
      print: (line) => printed.push(line.replace(/\d+\.\d s/, 'N s')),
      complain: (line) => printed.push(line),
    };
    const cli = new Command().exitOverride().addCommand(textCommand(context, 300));
    await cli.parseAsync(['text', ...args], { from: 'user' });
    return printed;
  };

  it('shows the text, the new replies and what came of it', async () => {
    const env = await serveCardwake(folder, ({ from, to, text }) => ({
      own: { status: 'done', outcome: 'activated' },
      reply: { text: `${from} ${to}\n${text}`, status: 'delivered', segments: 2 },
    }));
    assert.deepEqual(await run(env, '8 916 123-45-67', 'Карта 9643', '--to', '1234'), [
      '+79161234567 → 1234',
      '  │ Карта 9643',
      '',
      '1234 → +79161234567 (delivered, 2 segments)',
      '  │ 8 916 123-45-67 1234',
      '  │ Карта 9643',
      '',
      'activated, after N s',
    ]);
  });

  it('waits for the text of a reply whose receipt is quicker', async () => {
    const env = await serveCardwake(folder, () => ({
      own: { status: 'done', outcome: 'activated' },
      reply: { text: '', status: 'delivered' },
      writtenLater: 'Welcome',
    }));
    const lines = await run(env, '+79161234567', '9643', '--to', '1234');
    assert.deepEqual(lines.slice(3, 5), ['1234 → +79161234567 (delivered)', '  │ Welcome']);
  });

  it('texts a channel in rehearsal through the phone page, for want of its provider’s signature', async () => {
    writeFileSync(join(folder, 'cardwake.yaml'), `${TWILIO_ALONE}    rehearsal: true\n`);
    const ids: string[] = [];
    const env = await serveCardwake(folder, ({ providerMessageId, to, text }) => {
      ids.push(providerMessageId);
      return { own: { status: 'done', outcome: 'activated' }, reply: { text: `${to} ${text}`, status: 'delivered' } };
    });
    const shown = await run(env, '+79161234567', 'Карта', '--channel', 't');
    assert.deepEqual(shown.slice(-4), [
      '1234 → +79161234567 (delivered)',
      '  │ 1234 Карта',
      '',
      'activated, after N s',
    ]);
    assert.match(ids.join(), /^rehearsal-[\da-f-]{36}$/);
    await assert.rejects(run(env, '+79161234567', 'Карта', '--to', '9999'), {
      name: 'CliFailure',
      message: 'Only channels in rehearsal and simulators can be texted from here, at their own addresses.',
    });
  });

  const silences: readonly (readonly [what: string, own: Decided, last: string])[] = [
    [
      'is not due',
      { status: 'done', outcome: 'unsupported-sender' },
      'No answer is due: unsupported-sender, after N s',
    ],
    [
      'is held back',
      { status: 'done', outcome: 'activated', silence: 'loop' },
      'No answer is due: activated, loop, after N s',
    ],
    ['needs an operator', { status: 'quarantined' }, 'No answer: the text was set aside for an operator, after N s'],
    ['is not decided in time', {}, 'No answer within N s: no worker has taken the text yet.'],
    ['is late', { status: 'done', outcome: 'activated' }, 'activated, but no answer within N s'],
  ];
  for (const [what, own, last] of silences) {
    it(`says why there is no answer: it ${what}`, async () => {
      const env = await serveCardwake(folder, () => ({ own }));
      assert.equal((await run(env, '+79161234567', 'Hello')).at(-1), last);
    });
  }

  it('says that nothing runs', async () => {
    const env = { PORT: String(await freePort()), CONSOLE_PORT: String(await freePort()) };
    const message = `Nothing answers at http://127.0.0.1:${env.CONSOLE_PORT}. Start Cardwake with \`npm start\` and leave it running.`;
    await assert.rejects(run(env, '+79161234567', 'Hello'), { name: 'CliFailure', message });
  });

  it('says that the service has another secret', async () => {
    const env = await serveCardwake(folder, () => ({ own: {} }));
    await assert.rejects(run({ ...env, CARDWAKE_SIMULATOR_SECRET: 'other' }, '+79161234567', 'Hello'), {
      name: 'CliFailure',
      message: 'The service refused the signature: it runs with another secret or another DATA_DIR than this command.',
    });
  });

  it('says which channels can be texted', async () => {
    await assert.rejects(run({}, '+79161234567', 'Hello', '--channel', 'main'), {
      message: `main is no simulator channel of ${loadSettings({ CARDWAKE_SIMULATOR_SECRET: 'x' }, { cwd: folder }).file}, and not in rehearsal. There is: simulator.`,
    });
    writeFileSync(join(folder, 'cardwake.yaml'), TWILIO_ALONE);
    await assert.rejects(run({}, '+79161234567', 'Hello'), {
      message:
        'cardwake.yaml declares no channel with provider: simulator or rehearsal: true, so nothing can be texted from here.',
    });
  });
});
