import { openCliContext } from './context.ts';
import { runCli } from './run.ts';

const context = openCliContext();
const exitCode = await runCli(process.argv.slice(2), context);
await context.close();
// A command may have set one itself.
if (exitCode !== 0) process.exitCode = exitCode;
