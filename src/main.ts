import { serve } from './http/serve.ts';
import { run } from './run.ts';
import { openService, requiredDatabaseUrl } from './service.ts';

// The HTTP process: listens, keeps what comes in, and tells the workers.
await run(async ({ settings, log, open }) => {
  const service = await open(openService(settings, requiredDatabaseUrl(settings), log), (it) => it.close());
  const serving = await open(serve(service), (it) => it.close(8_000));
  log.info({ port: serving.port, consolePort: serving.consolePort }, 'Listening');
  await service.prepared;
});
