import { Command, InvalidArgumentError } from 'commander';
import { maskCard, maskPhone } from '../../sms/mask.ts';
import { type AuditFault, auditHead, type KnownHead, verifyAudit } from '../../store/audit-verify.ts';
import type { CliContext } from '../context.ts';
import { startProgress } from '../progress.ts';

/** `cardwake audit verify [--head]` and `cardwake audit head`. */
export function auditCommand(context: CliContext): Command {
  const audit = new Command('audit').description('The audit of all changes of cards and bindings, and its seal');
  audit
    .command('verify')
    .description('walk the sealed audit and name every row that was altered, deleted, moved or put in')
    .option('--head <position:hash>', 'a head that was printed earlier and kept elsewhere', parseHead)
    .addHelpText('after', VERIFY_HELP)
    .action(({ head }: { head?: KnownHead }) => verify(context, head));
  audit
    .command('head')
    .description('print where the sealed audit ends, to be kept where the database cannot be written to')
    .action(async () => {
      const head = await auditHead(await context.database());
      context.print(head === undefined ? 'Nothing is sealed yet.' : formatHead(head));
    });
  return audit;
}

const VERIFY_HELP = `
Without --head an end that was cut off, or a chain that was computed anew, cannot be seen: print a head now and then
and keep it elsewhere. Exits with 1 when anything is not as it was sealed.`;

async function verify({ database, print, complain }: CliContext, head: KnownHead | undefined): Promise<void> {
  const progress = startProgress('Checked', complain);
  const faults: string[] = [];
  const verdict = await verifyAudit(await database(), {
    head,
    onFault: (fault) => {
      if (faults.length < MOST_SHOWN) faults.push(describe(fault));
    },
    onProgress: progress.update,
  });
  progress.stop();
  for (const fault of faults) print(fault);
  if (verdict.faults > faults.length) print(`… and ${verdict.faults - faults.length} more`);
  const end = verdict.head === undefined ? 'nothing is sealed yet' : `the head is ${formatHead(verdict.head)}`;
  print(`${verdict.checked} sealed events checked, ${verdict.unsealed} wait for their seal; ${end}.`);
  print(verdict.faults === 0 ? 'The audit is whole.' : 'The audit is BROKEN.');
  if (verdict.faults > 0) process.exitCode = 1;
}

/** The first faults tell where to look; a chain that was rewritten has as many as it has events. */
const MOST_SHOWN = 100;

function formatHead({ position, hash }: KnownHead): string {
  return `${position}:${hash}`;
}

function parseHead(text: string): KnownHead {
  const [, position, hash] = /^([1-9][0-9]{0,17}):([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (position === undefined || hash === undefined) {
    throw new InvalidArgumentError('It is a position, a colon and 64 hexadecimal digits, as "audit head" prints it.');
  }
  return { position, hash: hash.toLowerCase() };
}

function describe(fault: AuditFault): string {
  switch (fault.kind) {
    case 'altered':
      return `position ${fault.position}: event ${fault.eventId} or its link was altered, exchanged or put in`;
    case 'hash-altered':
      return `position ${fault.position}: the hash of event ${fault.eventId} was altered`;
    case 'event-deleted':
      return `position ${fault.position}: event ${fault.eventId} was deleted`;
    case 'links-deleted':
      return `positions ${fault.first} to ${fault.last}: the links were deleted`;
    case 'event-unchained':
      return `event ${fault.eventId}: put in after the fact, or its link was deleted`;
    case 'head-missing':
      return `position ${fault.position}: the chain ends before the head that was kept; its end was cut off`;
    case 'head-differs':
      return `position ${fault.position}: not the head that was kept; the chain was cut off or computed anew`;
    case 'binding-unexplained':
      return `binding of card ${maskCard(fault.card)} and ${fault.phone === null ? 'an erased phone' : `phone ${maskPhone(fault.phone)}`} in ${fault.program}: it and the audit do not agree`;
    case 'erasure-unexplained':
      return `${fault.program}: ${fault.missing} phones are missing from ${fault.table}, the acts of destruction count ${fault.destroyed}`;
    default:
      return fault satisfies never;
  }
}
