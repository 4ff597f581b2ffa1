import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OUTCOMES } from '../src/activation/outcome.ts';
import type { CliContext } from '../src/cli/context.ts';
import { runCli } from '../src/cli/run.ts';
import { configurationReference } from '../src/config/reference.ts';
import { loadSettings, PACKAGE_ROOT } from '../src/config.ts';
import { readTemplateFolder } from '../src/files/template-folder.ts';
import { createMetrics } from '../src/metrics.ts';
import type { ProviderDefinition, ProviderRequest } from '../src/providers/provider.ts';
import { compileTemplates } from '../src/reply/compile.ts';
import { sampleReplies } from '../src/reply/render.ts';
import { REPLY_STATUS_RANK } from '../src/sms/message.ts';
import type { Msisdn } from '../src/sms/msisdn.ts';
import { temporaryFolder } from './support/run.ts';

const textOf = (path: string): string => readFileSync(join(PACKAGE_ROOT, path), 'utf8');
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => `${folder}/${path}`);

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...filesIn('docs', /\.md$/)];
const FENCED = /^ *```[^\n]*\n([\s\S]*?)^ *```$/gm;

function allOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[0]);
}

/** What stands between fences and between backticks. */
function codeOf(text: string): string {
  return [...allOf(text, FENCED), ...allOf(text.replaceAll(FENCED, ''), /`([^`\n]+)`/g)].join('\n');
}

/** Fails with every thing that `find` finds in a document and that `isThere` does not know. */
function assertAllThere(find: (text: string, path: string) => readonly string[], isThere: (thing: string) => boolean) {
  const found = DOCUMENTS.flatMap((path) => find(textOf(path), path).map((thing) => ({ path, thing })));
  assert.ok(found.length > 0, 'nothing was found, so nothing was checked');
  const missing = found.filter(({ thing }) => !isThere(thing)).map(({ path, thing }) => `${path}: ${thing}`);
  assert.deepEqual(missing, []);
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(text: string): string[] {
  return allOf(text.replaceAll(FENCED, ''), /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(text: string, path: string): string[] {
  const targets = allOf(text.replaceAll(FENCED, ''), /\]\(([^)\s]+)\)/g).filter((target) => !/^https?:/.test(target));
  return targets.map((target) => (target.startsWith('#') ? path + target : normalize(join(dirname(path), target))));
}

describe('the documents', () => {
  it('link to files and headings that exist', () => {
    assertAllThere(linksOf, (link) => {
      const [file = '', heading] = link.split('#');
      return (
        existsSync(join(PACKAGE_ROOT, file)) && (heading === undefined || anchorsOf(textOf(file)).includes(heading))
      );
    });
  });

  it('are all in the index', () => {
    const linked = linksOf(textOf('docs/README.md'), 'docs/README.md');
    assert.deepEqual(linked.toSorted(), DOCUMENTS.filter((path) => path !== 'docs/README.md').toSorted());
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const scriptsIn = (text: string) => allOf(codeOf(text), /\bnpm (?:run )?((?<=run )[\w:-]+|start|test)\b/g);
    assertAllThere(scriptsIn, (name) => name in scripts);
  });

  it('name commands and options of the command line that exist', async () => {
    const known = await commandLine();
    const named = (text: string) =>
      [...codeOf(text).matchAll(/\bcardwake(?:\.mjs)? ([a-z]+)(?: ([a-z]+))?(?![:@])([^\n;>]*)/g)].flatMap(
        ([, first = '', second, rest = '']) => {
          const hasCommands = known.get(first)?.some((name) => !name.startsWith('-')) ?? false;
          const command = hasCommands && second !== undefined ? `${first} ${second}` : first;
          return [command, ...allOf(rest, /--[a-z]+/g).map((option) => `${command} ${option}`)];
        },
      );
    assertAllThere(named, (call) => {
      const [command = '', option] = call.split(/ (?=--)/);
      return known.has(command) && (option === undefined || known.get(command)?.includes(option) === true);
    });
  });

  it('show every command of the command line in the README', async () => {
    const commands = [...(await commandLine())].filter(([, below]) => below.every((name) => name.startsWith('-')));
    const table = textOf('README.md').split('## Command line')[1] ?? '';
    const unshown = commands.filter(([command]) => !table.includes(`| \`cardwake ${command}`));
    assert.deepEqual(unshown, []);
  });

  it('name environment variables that something reads', () => {
    const sources = ['src', 'scripts', 'test'].flatMap((folder) => filesIn(folder, /\.(?:ts|mjs|cjs)$/));
    const yaml = ['cardwake.example.yaml', 'cardwake.demo.yaml', 'compose.yaml', 'docs/providers.md'];
    const known = new Set([
      ...allOf(configurationReference(), /^\| `([A-Z_]+)` \|/gm),
      ...yaml.flatMap((file) => allOf(textOf(file), /\$\{([A-Z_]+)/g)),
      ...sources.flatMap((file) => allOf(textOf(file), /\bprocess\.env\.([A-Z_]+)|export const [A-Z_]+\b/g)),
      ...sources.flatMap((file) => allOf(textOf(file), /\bconst ([A-Z]+(?:_[A-Z]+)+)\b/g)),
    ]);
    // SMPP's names of statuses look like variables.
    const named = (text: string) => allOf(codeOf(text), /(?<![\w{])(?!ESME_)(?:[A-Z]+(?:_[A-Z]+)+|PORT)(?![\w(])/g);
    assertAllThere(named, (name) => known.has(name));
  });

  it('name metrics that exist, and the handbook explains each of ours', () => {
    const all = createMetrics().registry.getMetricsAsArray();
    const ours = all.map(({ name }) => name).filter((name) => name.startsWith('cardwake_'));
    const named = (text: string) => allOf(text, /\bcardwake_[a-z_]+\b/g);
    assertAllThere(named, (name) => ours.includes(name.replace(/_(?:bucket|count|sum)$/, '')));
    const handbook = textOf('docs/operations.md');
    const unexplained = ours.filter((name) => !handbook.includes(`| \`${name}\` |`));
    assert.deepEqual(unexplained, []);
  });
});

/** Every command with what stands below it and its options: `cards` → `import` …, `cards block` → `--reason` …. */
async function commandLine(path: readonly string[] = []): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines: string[] = [];
  const never = (): never => assert.fail('--help needs neither configuration nor database');
  const context: CliContext = {
    settings: never,
    database: never,
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
  };
  assert.equal(await runCli([...path, '--help'], context), 0);
  const help = lines.join('\n');
  const below = allOf(help.split(/^Commands:$/m)[1] ?? '', /^ {2}([a-z]+)/gm).filter((name) => name !== 'help');
  const known = new Map<string, readonly string[]>(
    path.length === 0 ? [] : [[path.join(' '), [...below, ...allOf(help, /--[a-z]+/g)]]],
  );
  for (const name of below) for (const entry of await commandLine([...path, name])) known.set(...entry);
  return known;
}

describe('the table of outcomes in the README', () => {
  const table = textOf('README.md').split('<!-- outcomes -->\n')[1]?.split('\n\n')[0] ?? '';
  const rows = [...table.matchAll(/^\| `([\w-]+)` \| .+ \| (.+) \|$/gm)].map(([, outcome, reply]) => ({
    outcome,
    reply,
  }));

  it('has every outcome, once and in order', () => {
    const outcomes = rows.map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, OUTCOMES);
  });

  it('shows what the shipped English texts say', async () => {
    const programs = [...loadSettings({}, { file: join(PACKAGE_ROOT, 'cardwake.demo.yaml') }).programs.values()];
    const { sources } = await readTemplateFolder(join(PACKAGE_ROOT, 'templates'));
    const samples = sampleReplies(compileTemplates(sources, programs).texts, programs);
    const said = new Set(samples.filter(({ locale }) => locale === 'en').map(({ name, text }) => `${name}: ${text}`));
    const wrong = rows.filter(({ outcome, reply }) => !said.has(`${outcome}: ${reply}`) && !reply?.startsWith('none'));
    assert.deepEqual(wrong, []);
  });
});

describe('docs/state-machine.md', () => {
  const page = textOf('docs/state-machine.md');

  it('has every state, result and kind that the schema lets in', () => {
    const schema = textOf('src/store/migrations/0001-foundation.ts');
    const states = allOf(schema, /CHECK \(\w+ IN \(([^)]+)\)/g).flatMap((list) => allOf(list, /'([\w-]+)'/g));
    assert.ok(states.length > 20);
    const unexplained = states.filter((state) => !page.includes(`\`${state}\``));
    assert.deepEqual(unexplained, []);
  });

  it('ranks the states of a reply as the receipts do', () => {
    // The proofs of a phone have ranks of their own.
    const section = /^## A reply: `replies`$[\s\S]*?(?=^## )/m.exec(page)?.[0] ?? '';
    const ranks = [...section.matchAll(/^\| (\d) \| ([^|]+) \|/gm)].flatMap(([, rank, states = '']) =>
      allOf(states, /`(\w+)`/g).map((state) => [state, Number(rank)]),
    );
    assert.deepEqual(Object.fromEntries(ranks), REPLY_STATUS_RANK);
  });
});

describe('the provider in docs/add-a-provider.md', () => {
  const answers: { readonly status: number; readonly body: string }[] = [];
  const posted: unknown[] = [];
  const api = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (body !== '') posted.push(JSON.parse(body));
      const answer = answers.shift() ?? { status: 200, body: '{}' };
      response.writeHead(answer.status).end(answer.body);
    });
  });
  const webhookUrl = 'https://sms.example.com/webhooks/acme-main';
  let provider: ReturnType<ProviderDefinition<unknown>['create']>;

  before(async () => {
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const { acme } = await importExample();
    const apiBaseUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const { value, error } = acme.options.validate({ apiKey: 'key', apiBaseUrl });
    assert.equal(error, undefined);
    provider = acme.create({ key: 'acme-main', webhookUrl, addresses: ['2420'] }, value, { now: Date.now });
  });
  after(async () => {
    api.close();
    await provider.close();
  });

  /** The example, with its imports led to where they lie. */
  async function importExample(): Promise<{ readonly acme: ProviderDefinition<unknown> }> {
    const code = /```ts\n(import .*?)```/s.exec(textOf('docs/add-a-provider.md'))?.[1] ?? '';
    const folder = pathToFileURL(join(PACKAGE_ROOT, 'src/providers/'));
    const placed = code
      .replaceAll(/from '(\.[^']+)'/g, (_, path: string) => `from '${new URL(path, folder).href}'`)
      .replace("from 'joi'", `from '${pathToFileURL(createRequire(import.meta.url).resolve('joi')).href}'`);
    const file = join(await temporaryFolder('example'), 'acme.mts');
    writeFileSync(file, placed);
    return (await import(pathToFileURL(file).href)) as { readonly acme: ProviderDefinition<unknown> };
  }

  function call(content: object, key = 'key'): ProviderRequest {
    const body = Buffer.from(JSON.stringify(content));
    const signature = createHmac('sha256', key).update(webhookUrl).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-acme-signature': signature };
    return { method: 'POST', url: webhookUrl, headers, body, remoteAddress: '::1' };
  }

  it('reads a message, a receipt and what it does not understand, and nothing that is forged', () => {
    const kindOf = (request: ProviderRequest) => {
      const reception = provider.receive(request);
      return reception.kind === 'forged' ? 'forged' : reception.received.map(({ kind }) => kind).join();
    };
    const message = { id: 'a1', from: '+79160000567', to: '+79160000500', text: 'Карта' };
    assert.equal(kindOf(call(message)), 'message');
    assert.equal(kindOf(call({ id: 'a2', reference: '42', status: 'delivered' })), 'receipt');
    assert.equal(kindOf(call({ colour: 'red' })), 'unreadable');
    assert.equal(kindOf(call(message, 'another key')), 'forged');
  });

  it('tells what came of a send by what may be done next', async () => {
    const outcomes: string[] = [];
    for (const [status, body] of [
      [202, '{"id":"a3"}'],
      [202, '?'],
      [429, ''],
      [503, '{"error":"maintenance"}'],
      [503, ''],
      [500, ''],
      [400, '{"error":"bad"}'],
    ] as const) {
      answers.push({ status, body });
      const message = { replyId: '42', from: '+79160000500', to: '+79160000567' as Msisdn, text: 'Карта ваша' };
      outcomes.push((await provider.send(message, new AbortController().signal)).kind);
    }
    assert.deepEqual(outcomes, ['accepted', 'unknown', 'throttled', 'transient', 'unknown', 'unknown', 'rejected']);
    assert.deepEqual(Object.keys(posted[0] as object), ['from', 'to', 'text', 'reference', 'callback']);
    assert.deepEqual(await provider.check(), { kind: 'ok' });
  });
});
