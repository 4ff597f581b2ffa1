import joi, { type CustomHelpers, type ObjectSchema } from 'joi';
import { CODINGS } from './coding.ts';
import { CONTENTS, isCharset } from './content.ts';
import { signatureOf } from './proof-options.ts';
import { STATUSES } from './receipt.ts';
import type { Inbound } from './receive.ts';
import { checkedText, conditions, place, words } from './schemas.ts';

/** The keys that messages and receipts have in common; `what` they are. */
function shape(what: string) {
  return {
    content: joi
      .array()
      .items(joi.valid(...CONTENTS))
      .single()
      .min(1)
      .unique()
      .required()
      .description(
        'What holds the values: the URL’s parameters by GET (`query`), or a body by POST (`form`, `json`, `xml`). A list where the provider uses either.',
      ),
    contentType: joi.string().description('A Content-Type to take besides the usual ones.').example('text/plain'),
    charset: checkedText((label) => (isCharset(label) ? undefined : 'is not a charset'))
      .default('utf-8')
      .description('The charset of the values.')
      .example('windows-1251'),
    when: conditions(
      `What tells ${what} from other calls: values by place, where \`*\` stands for anything, \`true\` for something there and \`false\` for nothing.`,
    ).example({ 'query:kind': ['sms'] }),
    batch: place(
      `Where the list is, when a call tells several; \`.\` when it is all of the content. Paths of ${what} then begin in its elements.`,
    ).example('results'),
    signatureOf: signatureOf.description(`What is signed in ${what}, where that differs from \`signature.of\`.`),
    answer: joi
      .object({
        status: joi.number().integer().min(200).max(299).default(200).description('The status.'),
        contentType: joi
          .string()
          .pattern(/^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w-]+)?$/)
          .default('text/plain; charset=utf-8')
          .description('The Content-Type.'),
        body: joi.string().allow('').max(1_000).default('').description('The body, as it stands.'),
      })
      .default()
      .description('What the provider wants to hear once everything is committed.'),
  };
}

const messages = joi
  .object({
    ...shape('messages'),
    id: joi
      .array()
      .items(place('A place'))
      .single()
      .min(1)
      .required()
      .description(
        'Where the provider’s id is: the same whenever it repeats an SMS, and another for each SMS. A list of places whose values together are one, for providers without ids.',
      ),
    from: place('Where the sender is.').required(),
    to: place('Where the address is that was texted.').required(),
    text: place('Where the text is.').required(),
    textCoding: joi
      .valid('plain', ...CODINGS)
      .default('plain')
      .description('How the text is written.'),
    numbersLackPlus: joi
      .boolean()
      .default(true)
      .description(
        'Numbers of 9 to 15 digits are E.164 without `+`. `false`: they may be national and are read as numbers of `country`.',
      ),
    reference: place('Where the parts of a long SMS have their common reference, if the provider hands on parts.'),
    part: place('Where a part’s place is, counted from 1.'),
    total: place('Where the number of parts is.'),
    optOut: joi
      .object({
        at: place('Where the provider says that it has answered STOP, START or HELP itself.').required(),
        STOP: words('What it says of a STOP.'),
        START: words('What it says of a START.'),
        HELP: words('What it says of a HELP.'),
      })
      .or('STOP', 'START', 'HELP')
      .description('For providers that handle opt-outs themselves: such an SMS is recorded and not answered again.'),
  })
  .and('reference', 'part', 'total')
  .required()
  .description('How the provider tells an SMS.');

const statusWords: Readonly<Record<(typeof STATUSES)[number], string>> = {
  delivered: 'Words for: it is on the phone.',
  undelivered: 'Words for: it will not reach the phone any more.',
  failed: 'Words for: the provider or the network refused it.',
  sent: 'Words for: the network has it.',
  accepted: 'Words for: the provider still has it.',
  read: 'Words for: it was read.',
};

const receipts = joi
  .object({
    ...shape('receipts'),
    id: place('Where the provider’s id of our SMS is.'),
    replyId: place(
      'Where our reply’s id comes back: `query:reply` behind `{{ callbackUrl }}`, or the field of a reference.',
    ).example('query:reply'),
    status: place('Where the status is.').required(),
    statuses: joi
      .object(Object.fromEntries(STATUSES.map((status) => [status, words(statusWords[status])])))
      .min(1)
      .required()
      .description('What the words of `status` mean, in quotes; `*` stands for anything.'),
    errorCode: place('Where the reason of a failure is.'),
    optOutCodes: words('Which of those reasons say that the recipient has opted out.'),
  })
  .or('id', 'replyId')
  .with('optOutCodes', 'errorCode')
  .custom(checkStatuses)
  .messages({ 'declared.wrong': '{#fault}' })
  .description('How the provider tells what became of an SMS of ours. Absent: it does not.');

/** The keys of what a channel receives. */
export const inboundOptions: { readonly [Key in keyof Inbound]: ObjectSchema } = { messages, receipts };

/** A word that means two things would silently mean the first. */
function checkStatuses(value: NonNullable<Inbound['receipts']>, { error }: CustomHelpers) {
  const all = Object.values(value.statuses).flat();
  const doubled = all.find((word, index) => all.indexOf(word) !== index);
  return doubled === undefined
    ? value
    : error('declared.wrong', { fault: `has "${doubled}" under two of the statuses` });
}
