import Joi, { type CustomHelpers } from 'joi';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { foldWord } from '../activation/fold.ts';
import { type CardSeries, LOCALES, type Program, WAYS } from '../activation/program.ts';
import { parseMsisdn } from '../sms/msisdn.ts';
import type { ConfigDocument } from './document.ts';
import { KEY_PATTERN, KEY_RULE } from './keys.ts';
import type { Path } from './problem.ts';
import { validatePart } from './validate.ts';

/** A code that libphonenumber has metadata for. */
export const countrySchema = Joi.string().custom((value: string, helpers: CustomHelpers<string>) =>
  isSupportedCountry(value) ? value : helpers.error('country.unknown'),
);

/** A word to write before a card number: digits may be glued to it, so it ends in a letter. */
export const keywordSchema = Joi.string()
  .pattern(/^\p{L}(?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}])?$/u, { name: 'one word that begins and ends with a letter' })
  .max(30);

const supportSchema = Joi.string().custom(
  (value: string, helpers: CustomHelpers<string>) => parseMsisdn(value) ?? helpers.error('phone.invalid'),
);

const rebindSchema = Joi.object({
  phoneHasAnotherCard: Joi.valid('code', 'support')
    .default('code')
    .description(
      'What a phone that already has a card is offered when it texts another one. `code`: a code to send back, which moves the phone to the new card. `support`: a case for an operator.',
    ),
  cardHasAnotherPhone: Joi.valid('support', 'ask-holder')
    .default('support')
    .description(
      'What happens when the card belongs to another phone. `support`: a case for an operator. `ask-holder`: the holder is texted a code that releases the card.',
    ),
})
  .default()
  .description('What is offered when a card or a phone is already taken.');

const seriesSchema = Joi.object({
  name: Joi.string().max(40).required().description('A name for you and your operators.').example('main'),
  prefix: Joi.string()
    .pattern(/^[0-9A-Z]+$/, { name: 'made of digits, or of digits and capital Latin letters' })
    .required()
    .description('What every number of the series begins with. In quotes.')
    .example('9643'),
  length: Joi.number()
    .integer()
    .min(6)
    .max(32)
    .required()
    .description('How many characters a number has, prefix and check digit included.')
    .example(16),
  check: Joi.valid('luhn', 'ean13', 'none')
    .default('luhn')
    .description('How the last digit is checked. Numbers without a check digit cannot be told from mistyped ones.'),
  alphabet: Joi.valid('digits', 'alphanumeric').default('digits').description('The characters of a number.'),
});

const limitsSchema = Joi.object({
  attempts: count(1, 100, 5).description(
    'Texts without a usable card that a phone may send in a window, before it is asked to wait.',
  ),
  attemptsWindowHours: count(1, 720, 24).description('The length of that window in hours.'),
  repliesPerPhone: count(1, 100, 5).description(
    'Replies to one phone in ten minutes, whatever it sends: keeps two machines from texting each other.',
  ),
  repliesPerDay: count(1, 10_000_000, 50_000).description(
    'Replies of the programme in a UTC day: the most that a bill can grow.',
  ),
  codesPerPhone: count(1, 100, 5).description(
    'Confirmation codes to one phone in a UTC day, from the till and the website together.',
  ),
  codesPerAddressBlock: count(1, 1_000_000, 30).description(
    'Confirmation codes in a UTC day that visitors of the website from one block of addresses (IPv4 /24, IPv6 /56) may ask for.',
  ),
  codesPerDay: count(1, 1_000_000, 2_000).description(
    'Confirmation codes of the programme in a UTC day: the most that somebody can make you send by filling in your form.',
  ),
  readsPerMinute: count(1, 10_000_000, 18_000).description(
    'What one key may ask the API in a minute, in each process: a chain’s whole traffic may come by one key.',
  ),
  changesPerMinute: count(1, 10_000_000, 1_200).description(
    'What one key may change by the API in a minute, in each process.',
  ),
  changesPerVisitor: count(1, 1_000_000, 30).description(
    'What one address (IPv6: /56) may send in a minute with the key of a website, in each process. Raise it where your own server calls for its visitors.',
  ),
})
  .default()
  .description('Bounds that keep guessing, loops and bills in check.');

const originSchema = Joi.string().custom((value: string, helpers: CustomHelpers<string>) => {
  return URL.canParse(value) && new URL(value).origin === value ? value : helpers.error('string.uri');
});

const eventsSchema = Joi.object({
  url: Joi.string()
    .uri({ scheme: ['https', 'http'] })
    .required()
    .description(
      'Where events are posted to: `https`, on port 443 or 8443, to a public address. `CARDWAKE_PRIVATE_EVENT_URLS` allows more.',
    )
    .example('https://loyalty.example/cardwake'),
  secret: Joi.string()
    .pattern(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, { name: '`whsec_` and at least 24 bytes in base64' })
    .required()
    .description('Signs the events, as Standard Webhooks says.')
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is how the configuration file names a variable.
    .example('${EVENTS_SECRET}'),
}).description('The loyalty back end that is told what happens. Absent: nobody is told.');

/** A value of `programs:`; the key that it stands under is the programme's own. */
export const programSchema = Joi.object<Omit<Program, 'key'>>({
  name: Joi.string()
    .trim()
    .max(30)
    .required()
    .description('The programme as its customers know it; stands in every reply.')
    .example('Club'),
  countries: Joi.array()
    .items(countrySchema)
    .min(1)
    .unique()
    .required()
    .description('Countries whose mobile numbers may take part, as ISO 3166 codes.')
    .example(['RU', 'KZ']),
  locales: Joi.array()
    .items(Joi.valid(...LOCALES))
    .min(1)
    .unique()
    .required()
    .description('Languages of the replies. The first is used when nothing tells the customer’s own.')
    .example(['ru', 'en']),
  support: supportSchema
    .required()
    .description('The phone that replies tell people to call. In quotes.')
    .example('+74950000000'),
  rebind: rebindSchema,
  series: Joi.array()
    .items(seriesSchema)
    .min(1)
    .unique('name')
    .required()
    .description('Every run of card numbers. Two series of one length must differ at the beginning.'),
  replyMode: Joi.valid('friendly', 'uniform')
    .default('friendly')
    .description(
      '`uniform` answers unknown, taken and blocked cards with one text, and on the website with one problem, so that replies do not tell which cards exist. Tills are told everything.',
    ),
  limits: limitsSchema,
  ways: Joi.array()
    .items(Joi.valid(...WAYS))
    .unique()
    .default([...WAYS])
    .description('How customers may come in besides an SMS: `till`, `website`, `questionnaire`.'),
  origins: Joi.array()
    .items(originSchema)
    .unique()
    .default([])
    .description('Web pages that may register customers from a browser, as origins.')
    .example(['https://shop.example']),
  redeemNeedsProvedPhone: Joi.boolean()
    .default(false)
    .description('`true`: a card redeems only when its phone was proved, not just typed from a form.'),
  events: eventsSchema,
  keywords: Joi.array()
    .items(keywordSchema)
    .unique((a: string, b: string) => foldWord(a) === foldWord(b))
    .default([])
    .description(
      'Words that customers are told to write before the number, each one word. Keywords of routes need not be repeated here.',
    )
    .example(['клуб', 'club']),
});

/** Checks one programme; what it gives is complete when nothing was reported. */
export function readProgram(doc: ConfigDocument, key: string, value: unknown): Program {
  const path = ['programs', key];
  if (!KEY_PATTERN.test(key)) doc.report(path, `this key ${KEY_RULE}`, 'key');
  const program = { key, ...validatePart(doc, path, programSchema, value) };
  if (Array.isArray(program.series)) checkSeries(doc, [...path, 'series'], program.series);
  return program;
}

function checkSeries(doc: ConfigDocument, path: Path, all: readonly Partial<CardSeries>[]): void {
  const complete = all.map((series) => (isComplete(series) ? series : undefined));
  for (const [index, series] of complete.entries()) {
    if (series === undefined) continue;
    checkOneSeries(doc, [...path, index], series);
    const rival = complete.slice(0, index).find((earlier) => earlier !== undefined && areAmbiguous(earlier, series));
    if (rival !== undefined) {
      const message = `cannot be told from series ${rival.name}: one length, and one prefix begins with the other`;
      doc.report([...path, index, 'prefix'], message);
    }
  }
}

function checkOneSeries(doc: ConfigDocument, path: Path, { prefix, length, check, alphabet }: CardSeries): void {
  if (prefix.length >= length)
    doc.report([...path, 'prefix'], `must be shorter than the whole number, which has ${length}`);
  if (alphabet === 'digits' && /\D/.test(prefix)) {
    doc.report([...path, 'prefix'], 'has letters: say alphabet: alphanumeric, or use digits only');
  }
  if (alphabet === 'alphanumeric' && check !== 'none') {
    doc.report([...path, 'alphabet'], `must be digits where check is ${check}. Letters go with check: none`);
  }
  if (check === 'ean13' && length !== 13) doc.report([...path, 'length'], 'must be 13 where check is ean13');
}

function areAmbiguous(a: CardSeries, b: CardSeries): boolean {
  return a.length === b.length && (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix));
}

function isComplete(series: Partial<CardSeries> | null): series is CardSeries {
  return typeof series === 'object' && typeof series?.prefix === 'string' && Number.isInteger(series.length);
}

function count(min: number, max: number, standard: number): Joi.NumberSchema {
  return Joi.number().integer().min(min).max(max).default(standard);
}
