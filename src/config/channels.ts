import Joi, { type CustomHelpers, type ObjectSchema } from 'joi';
import type { CountryCode } from 'libphonenumber-js';
import { foldWord } from '../activation/fold.ts';
import type { Program } from '../activation/program.ts';
import type { Route } from '../activation/route.ts';
import { isProviderName, PROVIDERS } from '../providers/registry.ts';
import type { ConfigDocument } from './document.ts';
import { KEY_PATTERN, KEY_RULE } from './keys.ts';
import type { Path } from './problem.ts';
import { countrySchema, keywordSchema } from './programs.ts';
import { didYouMean } from './suggest.ts';
import { validatePart } from './validate.ts';

/** One account at one provider, as declared under `channels:`. */
export interface Channel {
  /** The key in the configuration file; part of the webhook's path. */
  readonly key: string;
  /** A name from the provider registry. */
  readonly provider: string;
  /** `publicUrl` + `/webhooks/` + key. */
  readonly webhookUrl: string;
  /** Our own addresses on this channel, in E.164 or as short codes. */
  readonly addresses: readonly [string, ...string[]];
  readonly routes: readonly [Route, ...Route[]];
  /** The country in which national forms of senders are read; default: the first of the programme's countries. */
  readonly country: CountryCode;
  readonly messagesPerSecond: number;
  /** Nothing leaves: its provider is never asked to send, and the phone page may speak as it. */
  readonly isRehearsal: boolean;
  /** How long the parts of a long MO are waited for. */
  readonly partsTimeoutMinutes: number;
  readonly unknown: UnknownPolicy;
  /** How long after it was made a reply is still of use; absent: as long as the provider likes. */
  readonly validityMinutes?: number;
  /** The channel that takes the replies which this one cannot send. */
  readonly fallback?: string;
  /** Options of the provider, validated by the schema in the provider's own file. */
  readonly options: unknown;
}

/** What the file says of a channel, without its provider's own options. */
interface ChannelInput {
  readonly provider: string;
  readonly publicUrl?: string;
  readonly addresses: readonly string[];
  readonly program?: string;
  readonly routes?: readonly Route[];
  readonly country?: CountryCode;
  readonly messagesPerSecond: number;
  readonly rehearsal: boolean;
  readonly partsTimeoutMinutes: number;
  readonly unknown: UnknownPolicy;
  readonly validityMinutes?: number;
  readonly fallback?: string;
}

/** What becomes of a reply that was handed over and never answered; the steps are taken in this order. */
export interface UnknownPolicy {
  /** How long its receipt is waited for, which would tell that it went out. */
  readonly waitReceiptMinutes: number;
  /** Ask the provider for it, if it is one that can tell. */
  readonly lookup: boolean;
  /** What is left when nobody could tell: `hold` it for an operator, or `resend` it, at most once, perhaps twice to the phone. */
  readonly otherwise: 'hold' | 'resend';
}

/** The schemas of every provider's own options, by the provider's name. */
export const PROVIDER_OPTIONS: ReadonlyMap<string, ObjectSchema> = new Map(
  Object.entries(PROVIDERS).map(([name, { options }]) => [name, options]),
);

const addressSchema = Joi.string().pattern(/^(?:\+[1-9]\d{6,14}|\d{3,8})$/, {
  name: 'a number in E.164, such as "+14155550100", or a short code of 3 to 8 digits',
});

const routeSchema = Joi.object<Route>({
  address: addressSchema.description('One of the channel’s addresses. Absent: all of them.').example('+14155550100'),
  keyword: keywordSchema.description('The first word of the text, in any case. Absent: any text.').example('club'),
  program: Joi.string().required().description('A key under `programs:`.').example('club'),
});

/** What every channel says, whatever its provider; the provider's own keys stand beside these. */
export const channelSchema = Joi.object<ChannelInput>({
  provider: Joi.valid(...PROVIDER_OPTIONS.keys())
    .required()
    .description('Who carries the SMS.'),
  publicUrl: Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .custom(checkPublicUrl)
    .required()
    .description(
      'The address under which the provider reaches this service. Signatures are checked against it plus `/webhooks/` and the channel’s key, never against what a request claims. Needless for `smpp`, which nobody calls.',
    )
    .example('https://sms.example.com'),
  addresses: Joi.array()
    .items(addressSchema)
    .min(1)
    .unique()
    .required()
    .description('Our own numbers that customers text: E.164 or short codes. In quotes.')
    .example(['+14155550100']),
  program: Joi.string()
    .description('The programme of every text on this channel: a key under `programs:`.')
    .example('club'),
  routes: Joi.array()
    .items(routeSchema)
    .min(1)
    .description(
      'Instead of `program`: which texts belong to which programme. The most specific route that fits is taken: with a keyword before without, then with an address before without. Each address needs a route without a keyword, so that no text is lost. A STOP without a keyword is for all programmes of its address.',
    ),
  country: countrySchema
    .description('The country in which numbers without a country code are read. Absent: the first of the programme’s.')
    .example('RU'),
  messagesPerSecond: Joi.number()
    .positive()
    .max(10_000)
    .default(10)
    .description(
      'How many replies the provider lets this account send per second; over SMPP, how many submit_sm, of which a long text takes several.',
    )
    .example(100),
  rehearsal: Joi.boolean()
    .default(false)
    .description(
      'Nothing leaves: what customers text through the phone page is taken as if the provider had brought it, replies are shown on the page and not sent. To try a channel’s routes, keywords and texts before it goes live.',
    )
    .example(true),
  partsTimeoutMinutes: Joi.number()
    .integer()
    .min(1)
    .max(1_440)
    .default(10)
    .description(
      'How long the parts of a long SMS are waited for, where the provider hands parts on. Then what came is read: a whole card number in it still counts.',
    ),
  unknown: Joi.object<UnknownPolicy>({
    waitReceiptMinutes: Joi.number()
      .integer()
      .min(1)
      .max(1_440)
      .default(10)
      .description('How long its delivery receipt is waited for first.'),
    lookup: Joi.boolean()
      .default(true)
      .description('Then the provider is asked whether it has it, if it is one that can be asked.'),
    otherwise: Joi.valid('hold', 'resend')
      .default('hold')
      .description(
        'What is done when nobody can tell: `hold` opens a case for an operator; `resend` sends it again, once, and the customer may get it twice.',
      ),
  })
    .default()
    .description('What becomes of a reply that was handed to the provider and never answered.'),
  validityMinutes: Joi.number()
    .integer()
    .min(1)
    .max(10_080)
    .description(
      'How long after it was made a reply is still of use to the customer. Later it is not sent any more, and the provider is told not to deliver it. Absent: as long as the provider likes.',
    )
    .example(60),
  fallback: Joi.string()
    .description(
      'Another channel, which takes the replies that this one cannot send: those whose phone it cannot or may not reach, and all while its provider is away. They come from an address of that channel. A reply moves once; one that may have gone out never does.',
    )
    .example('sms-backup'),
}).xor('program', 'routes');

/** Checks one channel against its own schema, its provider's and the programmes; complete when nothing was reported. */
export function readChannel(
  doc: ConfigDocument,
  key: string,
  value: unknown,
  programs: ReadonlyMap<string, Program>,
): Channel {
  const path = ['channels', key];
  if (!KEY_PATTERN.test(key)) doc.report(path, `this key ${KEY_RULE}`, 'key');
  const schema = schemaFor(providerOf(value) ?? '');
  const input = validatePart(doc, path, schema, value);
  const routes = routesOf(input);
  checkPrograms(doc, path, input, programs);
  if (Array.isArray(input.routes)) checkRoutes(doc, path, input);
  const home = programs.get(routes[0]?.program ?? '')?.countries;
  return {
    key,
    provider: input.provider,
    webhookUrl: input.publicUrl === undefined ? '' : `${input.publicUrl}/webhooks/${key}`,
    addresses: input.addresses as Channel['addresses'],
    routes: routes as Channel['routes'],
    country: input.country ?? ((Array.isArray(home) ? home[0] : undefined) as CountryCode),
    messagesPerSecond: input.messagesPerSecond,
    isRehearsal: input.rehearsal,
    partsTimeoutMinutes: input.partsTimeoutMinutes,
    unknown: input.unknown,
    ...(input.validityMinutes !== undefined && { validityMinutes: input.validityMinutes }),
    ...(input.fallback !== undefined && { fallback: input.fallback }),
    options: Object.fromEntries(Object.entries(input).filter(([name]) => !CHANNEL_KEYS.includes(name))),
  };
}

function schemaFor(provider: string): ObjectSchema<ChannelInput> {
  if (!isProviderName(provider)) return channelSchema.unknown(true);
  const { options, hasNoWebhook } = PROVIDERS[provider];
  const common = hasNoWebhook ? channelSchema.fork('publicUrl', (schema) => schema.optional()) : channelSchema;
  return common.concat(options);
}

/** True of a channel whose replies no real phone gets: the phone page may speak as it. */
export function isForTrying({ provider, isRehearsal }: Pick<Channel, 'provider' | 'isRehearsal'>): boolean {
  return isRehearsal || provider === 'simulator';
}

const CHANNEL_KEYS = Object.keys(channelSchema.describe().keys);

function providerOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'provider' in value ? String(value.provider) : undefined;
}

function routesOf({ program, routes }: ChannelInput): readonly Route[] {
  if (typeof program === 'string') return [{ program }];
  return Array.isArray(routes) ? routes.filter((route) => typeof route === 'object' && route !== null) : [];
}

function checkPrograms(
  doc: ConfigDocument,
  path: Path,
  { program, routes }: ChannelInput,
  programs: ReadonlyMap<string, Program>,
): void {
  const check = (key: unknown, at: Path): void => {
    if (typeof key !== 'string' || programs.has(key)) return;
    doc.report(at, `there is no programme ${key} under programs:${didYouMean(key, [...programs.keys()])}`);
  };
  check(program, [...path, 'program']);
  for (const [index, route] of (Array.isArray(routes) ? routes : []).entries()) {
    check(route?.program, [...path, 'routes', index, 'program']);
  }
}

/** A route must be reachable, and every text must find one. */
function checkRoutes(doc: ConfigDocument, path: Path, input: ChannelInput): void {
  const routes = routesOf(input);
  const addresses = Array.isArray(input.addresses)
    ? input.addresses.filter((address) => typeof address === 'string')
    : [];
  const seen = new Set<string>();
  for (const [index, { address, keyword }] of routes.entries()) {
    const at = [...path, 'routes', index];
    if (typeof address === 'string' && !addresses.includes(address)) {
      doc.report([...at, 'address'], `is not among the addresses of this channel${didYouMean(address, addresses)}`);
    }
    const fingerprint = JSON.stringify([address, typeof keyword === 'string' ? foldWord(keyword) : undefined]);
    if (seen.has(fingerprint)) doc.report(at, 'is never used: a route above has the same address and keyword');
    seen.add(fingerprint);
  }
  for (const address of addresses) {
    const hasDefault = routes.some((route) => route.keyword === undefined && (route.address ?? address) === address);
    if (!hasDefault) {
      doc.report(
        [...path, 'routes'],
        `a text to ${address} without a keyword has no programme. Add a route without a keyword`,
        'key',
      );
    }
  }
}

function checkPublicUrl(value: string, helpers: CustomHelpers<string>): unknown {
  if (!URL.canParse(value)) return value;
  const url = new URL(value);
  const isLoopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !isLoopback) return helpers.error('publicUrl.https');
  if (url.hostname.includes('_')) return helpers.error('publicUrl.host');
  if (/[/?#]$|[?#]|\/\/[^/]*@/.test(value)) return helpers.error('publicUrl.end');
  return value;
}
