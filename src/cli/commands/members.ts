import { Command } from 'commander';
import type { Program } from '../../activation/program.ts';
import { spelledPhones } from '../../activation/spelled-phone.ts';
import { maskCard, maskPhone } from '../../sms/mask.ts';
import type { Msisdn } from '../../sms/msisdn.ts';
import { type ActOfDestruction, type Erasure, erase } from '../../store/erase.ts';
import { actor, chooseProgram, PROGRAM_OPTION, type ProgramChoice } from '../choose.ts';
import { type CliContext, CliFailure } from '../context.ts';

/** `cardwake members erase`. */
export function membersCommand(context: CliContext): Command {
  const members = new Command('members').description('The people of a programme');
  members
    .command('erase')
    .description('erase a person for ever and print the act of destruction')
    .argument('<who>', 'the phone, in any spelling, or the member’s id')
    .option('--program <key>', PROGRAM_OPTION)
    .addHelpText('after', ERASE_HELP)
    .action((who: string, choice: ProgramChoice) => eraseOne(context, who, choice));
  return members;
}

const ERASE_HELP = `
Profile, texts and numbers are gone from every table, the card is blocked, the audit stays verifiable. There is no way
back but a backup: see docs/erasure.md for those, for logs and for the provider's own copies.`;

const MEMBER_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function eraseOne(context: CliContext, raw: string, choice: ProgramChoice): Promise<void> {
  const program = chooseProgram(context, choice);
  const who: Erasure['who'] = MEMBER_ID.test(raw)
    ? { memberId: raw.toLowerCase() }
    : { phone: choosePhone(raw, program) };
  const erasure = { program, who, actor: actor() };
  const act = await erase(await context.database(), erasure);
  if (act === undefined) {
    const named = 'phone' in who ? `the phone ${maskPhone(who.phone)}` : `the id ${who.memberId}`;
    throw new CliFailure(`${program.key} knows nobody with ${named}.`);
  }
  for (const line of describeAct(act)) context.print(line);
}

function choosePhone(raw: string, program: Program): Msisdn {
  const [phone, other] = spelledPhones(raw, program);
  if (phone === undefined) throw new CliFailure('This is no phone number. Write it with + and the country code.');
  if (other !== undefined)
    throw new CliFailure('This may be a phone of two countries. Write it with + and the country code.');
  return phone;
}

/** The act as lines for a printer; it names nobody. */
function describeAct({ program, memberId, at, by, cards, isOptOutKept, counts, audit }: ActOfDestruction): string[] {
  const erased = Object.entries(counts).filter(([, rows]) => rows > 0);
  return [
    'ACT OF DESTRUCTION',
    '',
    `Programme     ${program}`,
    `Member        ${memberId ?? 'none: the phone was no member’s'}`,
    `When          ${at.toISOString()}`,
    `By            ${by}`,
    `Cards         ${cards.length === 0 ? 'none' : `${cards.map(maskCard).join(', ')}, blocked now`}`,
    `Opt-out       ${isOptOutKept ? 'kept as a keyed hash' : 'none'}`,
    `Audit         event ${audit.event}, ${audit.position === null ? 'not sealed yet' : `sealed at position ${audit.position}`}`,
    '',
    'Rows that were deleted or emptied',
    ...erased.map(([table, rows]) => `  ${table.padEnd(20)}${rows}`),
  ];
}
