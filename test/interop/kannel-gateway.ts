import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findKannel } from '../../scripts/lib/kannel.mjs';
import { freePort } from '../support/ports.ts';
import { endWithRun, temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

/** What the documented configuration leaves open. */
export interface KannelTerms {
  /** Our port. */
  readonly servicePort: number;
  /** The `group = smsc` of the SMSC that it connects to. */
  readonly smsc: string;
}

/** A bearerbox and a smsbox. */
export interface KannelGateway {
  /** Options of a channel that goes through it. */
  readonly channel: Readonly<Record<string, unknown>>;
  /** Everything that both wrote. */
  log(): string;
  /** As `/etc/init.d/kannel stop` does. */
  stop(): Promise<void>;
}

const TOKEN = 'token-of-the-kannel-in-tests';
const PASSWORD = 'password-of-the-kannel-in-tests';

/** Starts Kannel with the configuration that `docs/providers/kannel.md` advises, on free ports. */
export async function startKannel({ servicePort, smsc }: KannelTerms): Promise<KannelGateway> {
  const { bearerbox, smsbox } = await findKannel();
  const folder = await temporaryFolder('kannel');
  const [adminPort, smsboxPort, sendsmsPort] = [await freePort(), await freePort(), await freePort()];
  const ports = { servicePort, adminPort, smsboxPort, sendsmsPort };
  const file = join(folder, 'kannel.conf');
  await writeFile(file, `${documentedConfiguration(ports)}\n${smsc}\n`);
  const programs: ReturnType<typeof startProgram>[] = [];
  const log = () => programs.map((program) => program.log()).join('');
  for (const [path, port] of [
    [bearerbox, adminPort],
    [smsbox, sendsmsPort],
  ] as const) {
    programs.push(startProgram(path, ['-v', '1', file], folder));
    const isThere = () => canConnect(port);
    await waitFor(isThere, { what: 'Kannel to listen' }).catch((error) => assert.fail(`${String(error)}: ${log()}`));
  }
  return {
    channel: {
      provider: 'kannel',
      username: 'cardwake',
      password: PASSWORD,
      webhookToken: TOKEN,
      sourceAddresses: ['127.0.0.1'],
      apiBaseUrl: `http://127.0.0.1:${sendsmsPort}`,
    },
    log,
    async stop() {
      for (const program of programs.toReversed()) await program.stop();
    },
  };
}

interface Ports {
  readonly servicePort: number;
  readonly adminPort: number;
  readonly smsboxPort: number;
  readonly sendsmsPort: number;
}

/** The block of the document, with what everybody has to fill in and with waits that suit a test. */
function documentedConfiguration({ servicePort, adminPort, smsboxPort, sendsmsPort }: Ports): string {
  const document = readFileSync(new URL('../../docs/providers/kannel.md', import.meta.url), 'utf8');
  const [, block = ''] = /^```\n(group = core\n[\s\S]*?)^```$/m.exec(document) ?? [];
  const core = [`admin-port = ${adminPort}`, 'admin-password = unused', `smsbox-port = ${smsboxPort}`];
  const smsbox = ['bearerbox-host = 127.0.0.1', `sendsms-port = ${sendsmsPort}`];
  const filledIn = {
    'group = core\n': `group = core\n${core.join('\n')}\n`,
    'ssl-trusted-ca-file = "/etc/ssl/certs/ca-certificates.crt"\n': '',
    'group = smsbox\n': `group = smsbox\n${smsbox.join('\n')}\n`,
    'http-queue-delay = 10\n': 'http-queue-delay = 1\n',
    'https://sms.example.com/': `http://127.0.0.1:${servicePort}/`,
    '?token=…': `?token=${TOKEN}`,
    'password = "…"': `password = "${PASSWORD}"`,
    'user-allow-ip = "10.0.0.5"': 'user-allow-ip = "127.0.0.1"',
  };
  return Object.entries(filledIn).reduce((text, [what, by]) => {
    assert.ok(text.includes(what), `the document says no more ${what}`);
    return text.replace(what, () => by);
  }, block);
}

/** A program of Kannel that runs until it is stopped, or by itself, and writes down what it does. */
export function startProgram(path: string, args: readonly string[], folder: string) {
  const child: ChildProcess = spawn(path, [...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const tellEnded = endWithRun(child.pid as number);
  child.once('exit', tellEnded);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return {
    log: () => text,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function canConnect(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(1_000) });
  await answer.arrayBuffer();
  return true;
}
