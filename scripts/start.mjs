/**
 * `npm start`: installs and builds what is missing, then becomes the program. There is no second process between the
 * terminal and Cardwake, so nothing is left over when this one is killed but Postgres, which the next start takes over.
 */
import { checkNode, ensureBuilt, ensureInstalled } from './lib/prepare.mjs';

checkNode();
await ensureInstalled();
await ensureBuilt();

// A terminal that is closed ends us as Ctrl-C does.
process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
stopWithParent();

process.setSourceMapsEnabled(true);
// People read this terminal.
process.env.LOG_LEVEL ??= 'warn';
await import('../dist/workers/standalone.js');

/** npm killed by force tells nobody: we notice that we have another parent, and stop as after Ctrl-C. */
function stopWithParent() {
  if (process.env.npm_lifecycle_event !== 'start') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
