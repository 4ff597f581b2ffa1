import { loadSettings, type Settings } from '../src/config.ts';
import { endOnSignal, surviveUnhandled } from '../src/ending.ts';
import { serve } from '../src/http/serve.ts';
import { createLogger } from '../src/log.ts';
import { openService } from '../src/service.ts';
import { seedDemoCards } from '../src/store/card-generate.ts';
import type { Database } from '../src/store/database.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/postgres.ts';
import { freeCards } from '../src/store/free-cards.ts';
import { work } from './work.ts';

// Everything in one process, with its own Postgres unless `DATABASE_URL` names one: what `npm start` runs.
const DEMO_CARDS = 1_000;

const settings = loadSettings();
const log = createLogger({ level: settings.logLevel });
surviveUnhandled(log);
const address = `http://localhost:${settings.consolePort}`;
const embedded =
  settings.databaseUrl === undefined
    ? await startEmbeddedPostgres({ dataDir: settings.dataDir, log, address })
    : undefined;
const service = openService(settings, settings.databaseUrl ?? embedded?.url ?? '', log);
const serving = await serve(service);
const working = await work(service);
endOnSignal(async () => {
  await serving.close(6_000);
  await working.close(8_000);
  await service.close();
  await embedded?.stop();
}, log);
await welcome(settings, working.db, serving);

/** Says where everything is, and what to text. */
async function welcome(
  { programs, channels, isDemo, consoleHost }: Settings,
  db: Database,
  { port, consolePort }: { readonly port: number; readonly consolePort: number },
): Promise<void> {
  const program = [...programs.values()][0];
  if (program === undefined) return;
  if (isDemo) await seedDemoCards(db, program, DEMO_CARDS);
  const host = consoleHost === '127.0.0.1' ? 'localhost' : consoleHost;
  const hasPhone = [...channels.values()].some(({ provider }) => provider === 'simulator');
  const cards = await freeCards(db, program.key, 3);
  const lines = [
    '',
    `Cardwake serves ${program.name}.`,
    '',
    `  Providers call    http://localhost:${port}/webhooks/<channel>`,
    ...(hasPhone ? [`  A phone to try    http://${host}:${consolePort}/phone`] : []),
    `  Health, metrics   http://${host}:${consolePort}/health/ready  /metrics`,
    ...(cards.length > 0 ? ['', '  Free cards:', ...cards.map((card) => `    ${card}`)] : []),
    ...(hasPhone && cards[0] !== undefined
      ? ['', '  Text one from another terminal:', `    npx cardwake text +79161234567 "Карта ${cards[0]}"`]
      : []),
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
