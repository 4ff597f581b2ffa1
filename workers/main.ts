import { loadSettings } from '../src/config.ts';
import { endOnSignal, surviveUnhandled } from '../src/ending.ts';
import { createConsoleApp } from '../src/http/app.ts';
import { createOps } from '../src/http/health.ts';
import { listen } from '../src/http/server.ts';
import { createLogger } from '../src/log.ts';
import { openService, requiredDatabaseUrl } from '../src/service.ts';
import { work } from './work.ts';

// The worker process: decides, sends and sweeps. Its console port has health and metrics only.
const settings = loadSettings();
const log = createLogger({ level: settings.logLevel });
surviveUnhandled(log);
const service = openService(settings, requiredDatabaseUrl(settings), log);
let isDraining = false;
const health = service.openPool({ poolSize: 1, connectTimeoutMs: 500, statementTimeoutMs: 500 });
const ops = createOps({
  metrics: service.metrics,
  isDraining: () => isDraining,
  dependencies: service.dependencies(health),
});
const people = await listen(
  createConsoleApp({ ops, host: settings.consoleHost, log }),
  settings.consolePort,
  settings.consoleHost,
);
log.info({ consolePort: people.port }, 'Working');
const working = work(service);
endOnSignal(async () => {
  isDraining = true;
  await (await working).close(12_000);
  await people.close(500);
  await service.close();
}, log);
await working;
