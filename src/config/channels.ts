import Joi, { type CustomHelpers, type ObjectSchema } from 'joi';
import type { CountryCode } from 'libphonenumber-js';
import { foldWord } from '../activation/fold.ts';
import type { Program } from '../activation/program.ts';
import type { Route } from '../activation/route.ts';
import { PROVIDERS } from '../providers/registry.ts';
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
  /** Options of the provider, validated by the schema in the provider's own file. */
  readonly options: unknown;
}

/** What the file says of a channel, without its provider's own options. */
interface ChannelInput {
  readonly provider: string;
  readonly publicUrl: string;
  readonly addresses: readonly string[];
  readonly program?: string;
  readonly routes?: readonly Route[];
  readonly country?: CountryCode;
  readonly messagesPerSecond: number;
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
      'The address under which the provider reaches this service. Signatures are checked against it plus `/webhooks/` and the channel’s key, never against what a request claims.',
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
      'Instead of `program`: which texts belong to which programme. The most specific route that fits is taken: with a keyword before without, then with an address before without. Each address needs a route without a keyword, so that no text is lost.',
    ),
  country: countrySchema
    .description('The country in which numbers without a country code are read. Absent: the first of the programme’s.')
    .example('RU'),
  messagesPerSecond: Joi.number()
    .positive()
    .max(10_000)
    .default(10)
    .description('How many replies the provider lets this account send per second.')
    .example(100),
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
  const ownOptions = PROVIDER_OPTIONS.get(providerOf(value) ?? '');
  const schema = ownOptions === undefined ? channelSchema.unknown(true) : channelSchema.concat(ownOptions);
  const input = validatePart(doc, path, schema, value);
  const routes = routesOf(input);
  checkPrograms(doc, path, input, programs);
  if (Array.isArray(input.routes)) checkRoutes(doc, path, input);
  const home = programs.get(routes[0]?.program ?? '')?.countries;
  return {
    key,
    provider: input.provider,
    webhookUrl: `${input.publicUrl}/webhooks/${key}`,
    addresses: input.addresses as Channel['addresses'],
    routes: routes as Channel['routes'],
    country: input.country ?? ((Array.isArray(home) ? home[0] : undefined) as CountryCode),
    messagesPerSecond: input.messagesPerSecond,
    options: Object.fromEntries(Object.entries(input).filter(([name]) => !CHANNEL_KEYS.includes(name))),
  };
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
  if (/[/?#]$|[?#]|\/\/[^/]*@/.test(value)) return helpers.error('publicUrl.end');
  return value;
}
