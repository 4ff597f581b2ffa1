import { isForTrying } from '../src/config/channels.ts';
import type { Settings } from '../src/config.ts';
import { serve } from '../src/http/serve.ts';
import type { Logger } from '../src/log.ts';
import { run } from '../src/run.ts';
import { openService } from '../src/service.ts';
import { seedDemoCards } from '../src/store/card-generate.ts';
import type { Database } from '../src/store/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/store/embedded/postgres.ts';
import { freeCards } from '../src/store/free-cards.ts';
import { work } from './work.ts';

// Everything in one process, with its own Postgres unless `DATABASE_URL` names one: what `npm start` runs.
const DEMO_CARDS = 1_000;

await run(async ({ settings, log, open }) => {
  const databaseUrl = settings.databaseUrl ?? (await open(startPostgres(settings, log), (it) => it.stop())).url;
  const service = await open(openService(settings, databaseUrl, log), (it) => it.close());
  const serving = await open(serve(service), (it) => it.close(6_000));
  await service.prepared;
  const working = await open(work(service), async (it) => {
    // What comes in meanwhile can still be decided.
    await serving.close(6_000);
    await it.close(8_000);
  });
  await welcome(settings, working.db, serving);
});

function startPostgres({ dataDir, consolePort }: Settings, log: Logger): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log, address: `http://localhost:${consolePort}` });
}

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
  const hasPhone = [...channels.values()].some(isForTrying);
  const rehearsed = [...channels.values()].filter(({ isRehearsal }) => isRehearsal).map(({ key }) => key);
  const cards = await freeCards(db, program.key, 3);
  const lines = [
    '',
    `Cardwake serves ${program.name}.`,
    '',
    `  Providers call    http://localhost:${port}/webhooks/<channel>`,
    ...(hasPhone ? [`  A phone to try    http://${host}:${consolePort}/phone`] : []),
    `  Health, metrics   http://${host}:${consolePort}/health/ready  /metrics`,
    ...(rehearsed.length > 0 ? ['', `  IN REHEARSAL      ${rehearsed.join(', ')}: customers get no replies`] : []),
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
