import { loadSettings } from './config.ts';
import { endOnSignal, surviveUnhandled } from './ending.ts';
import { serve } from './http/serve.ts';
import { createLogger } from './log.ts';
import { openService, requiredDatabaseUrl } from './service.ts';

// The HTTP process: listens, keeps what comes in, and tells the workers.
const settings = loadSettings();
const log = createLogger({ level: settings.logLevel });
surviveUnhandled(log);
const service = openService(settings, requiredDatabaseUrl(settings), log);
const serving = await serve(service);
log.info({ port: serving.port, consolePort: serving.consolePort }, 'Listening');
endOnSignal(async () => {
  await serving.close(8_000);
  await service.close();
}, log);
await service.prepared;
