// @ts-check
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findKannel } from '../../scripts/lib/kannel.mjs';
import { say } from '../../scripts/lib/prepare.mjs';
import { freePort } from '../../test/support/ports.ts';
import { startProgram, startScript } from '../ground/processes.mjs';
import { PASSWORD, SYSTEM_ID } from '../world/account.mjs';
import { endAll, verifyBindings } from './subject.mjs';

/**
 * Debian's Kannel: bearerbox and smsbox, and a plain app behind them. Set up at its best: nothing logged but panics, wide
 * windows, no receipts.
 * @param {string} name
 * @param {'none' | 'spool'} store without one it loses on a crash what it has acknowledged
 * @returns {import('./subject.mjs').Subject}
 */
export function kannel(name, store) {
  return {
    name,
    title: `Kannel, SMPP, ${store === 'none' ? 'no store' : 'spool'}`,
    loads: store === 'none' ? ['saturation', 'calm'] : ['saturation'],
    window: 500,
    async start({ postgres, cards, folder }) {
      const database = await postgres.clone('plain', cards);
      const smsc = await startScript('world/smsc.mjs', { name: 'smsc', folder });
      const app = await startScript('kannel/app.mjs', { name: 'app', folder, env: { DATABASE_URL: database.url } });
      const ports = { smsc: smsc.info.port, app: app.info.port, admin: await freePort(), box: await freePort() };
      const sendsms = await freePort();
      const config = join(folder, 'kannel.conf');
      await mkdir(join(folder, 'spool'));
      await writeFile(config, configuration({ ...ports, sendsms }, store, folder));
      const programs = await findKannel(say);
      const start = (/** @type {'bearerbox' | 'smsbox'} */ program, /** @type {number} */ port) =>
        startProgram(programs[program], {
          name: program,
          folder,
          args: ['-v', '4', config],
          isReady: () => listens(port),
        });
      const bearerbox = await start('bearerbox', ports.box);
      const smsbox = await start('smsbox', sendsms);
      while ((await smsc.call('sessions')) === 0) await sleep(50);
      const processes = [smsbox, bearerbox, app];
      return {
        feeder: smsc,
        hasReplies: true,
        counted: processes,
        outside: [smsc],
        verify: (taken) => verifyBindings(database, taken),
        stop: () => endAll([...[...processes, smsc].map(({ stop }) => stop), database.drop]),
      };
    },
  };
}

/**
 * https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html, chapters 4, 6 and 7.
 * @param {{ smsc: number, app: number, admin: number, box: number, sendsms: number }} ports
 * @param {'none' | 'spool'} store
 * @param {string} folder
 */
function configuration(ports, store, folder) {
  return `group = core
admin-port = ${ports.admin}
admin-password = bench
smsbox-port = ${ports.box}
box-allow-ip = "127.0.0.1"
dlr-storage = internal
sms-incoming-queue-limit = 100000
sms-outgoing-queue-limit = 100000
log-level = 4
${store === 'spool' ? `store-type = spool\nstore-location = ${folder}/spool\n` : ''}
group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = ${ports.smsc}
transceiver-mode = true
interface-version = 34
smsc-username = ${SYSTEM_ID}
smsc-password = ${PASSWORD}
system-type = "bench"
max-pending-submits = 100
log-level = 4

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${ports.sendsms}
max-pending-requests = 512
http-request-retry = 3
log-level = 4

group = sms-service
keyword = default
catch-all = true
max-messages = 1
get-url = "http://127.0.0.1:${ports.app}/?from=%p&text=%a"
`;
}

/** @param {number} port */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
