import joi, { type NumberSchema, type StringSchema } from 'joi';
import { secret } from '../options.ts';
import type { Dialect } from './deliver.ts';
import type { StatusMeaning } from './statuses.ts';
import type { Writing } from './submit.ts';
import { FAILURES } from './wire.ts';

/** What stands beside the common keys of a channel with `provider: smpp`. */
export interface SmppOptions extends Dialect, Writing {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM. Absent: the authorities that Node trusts. */
  readonly caCertificate?: string;
  /** The name in the SMSC's certificate. Absent: `host`. */
  readonly serverName?: string;
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  readonly version: '3.4' | '5.0';
  readonly bind: 'transceiver' | 'transmitter-and-receiver';
  readonly sessions: number;
  readonly addressRange: string;
  readonly addressTon: number;
  readonly addressNpi: number;
  readonly window: number;
  readonly enquireLinkSeconds: number;
  readonly responseTimeoutMs: number;
  /** A name from SMPP's table: see `errors` of the smpp package. */
  readonly temporaryStatus: string;
  /** This SMSC's own meanings, by the number of a status as it is written in YAML: `0x0401` or `1025`. */
  readonly statuses: Readonly<Record<string, StatusMeaning>>;
}

/** Less than the time that a reply may take, so that its parts can still wait for their turns: see submitter.ts. */
const MAX_RESPONSE_TIMEOUT_MS = 30_000;

/** The schema of those options. */
export const smppOptions = joi.object<SmppOptions>({
  host: joi.string().hostname().required().description('The SMSC’s name or address.'),
  port: joi.number().port().default(2775).description('The SMSC’s port.'),
  tls: joi
    .boolean()
    .default(false)
    .description('Whether to speak TLS. The SMSC’s certificate is always verified; without TLS use a VPN.'),
  caCertificate: joi
    .string()
    .pattern(/^-----BEGIN CERTIFICATE-----/)
    .description('The authority that signed the SMSC’s certificate, in PEM. Absent: the public ones.')
    .messages({ 'string.pattern.base': '{{#label}} must be PEM: it begins with -----BEGIN CERTIFICATE-----' }),
  serverName: joi.string().hostname().description('The name in the SMSC’s certificate. Absent: `host`.'),
  systemId: ascii(15).min(1).required().description('The account’s system_id.'),
  password: secret('The account’s password.')
    .max(64)
    .pattern(/^[\x20-\x7e]+$/)
    .messages({ 'string.pattern.base': '{{#label}} must be ASCII' }),
  systemType: ascii(12).description('system_type, where the SMSC wants one.'),
  version: joi
    .string()
    .valid('3.4', '5.0')
    .default('3.4')
    .description('The version of SMPP that is claimed, in quotes.'),
  bind: joi
    .string()
    .valid('transceiver', 'transmitter-and-receiver')
    .default('transceiver')
    .description('One session for both directions, or one for each.'),
  sessions: joi
    .number()
    .integer()
    .min(1)
    .max(20)
    .default(1)
    .description('Sessions that are kept bound; of pairs when each direction has its own.'),
  addressRange: ascii(40).description('address_range: which addresses’ SMS this account receives. Mostly empty.'),
  addressTon: octet(0).description('The type of number of address_range.'),
  addressNpi: octet(0).description('The numbering plan of address_range.'),
  window: joi
    .number()
    .integer()
    .min(1)
    .max(1_000)
    .default(10)
    .description('SMS whose answers are awaited at a time, in each session.'),
  enquireLinkSeconds: joi
    .number()
    .min(1)
    .max(600)
    .default(30)
    .description(
      'How often the SMSC is asked whether it is still there. Less than after which it closes idle sessions.',
    ),
  responseTimeoutMs: joi
    .number()
    .integer()
    .min(100)
    .max(MAX_RESPONSE_TIMEOUT_MS)
    .default(10_000)
    .description('How long the SMSC may take to connect and to answer, and how long it waits for us; in milliseconds.'),
  temporaryStatus: joi
    .string()
    .valid(...FAILURES)
    .default('ESME_RSYSERR')
    .description(
      'What makes the SMSC bring an SMS again that could not be stored: a status that it takes as temporary.',
    )
    .messages({ 'any.only': '{{#label}} must be the name of a status, such as ESME_RSYSERR or ESME_RX_T_APPN' }),
  statuses: joi
    .object()
    .pattern(
      /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i,
      joi.valid('throttled', 'transient', 'account', 'rejected', 'no-route', 'opted-out'),
    )
    .default({})
    .description('What this SMSC means by a status, by its number: `"0x0401": rejected`.'),
  ...writingOptions(),
  ...dialectOptions(),
});

function writingOptions() {
  return {
    dataCoding: octet(0).description(
      'The data_coding of texts that the SMSC’s default alphabet can hold; others go as 8.',
    ),
    long: joi
      .string()
      .valid('udh8', 'udh16', 'sar', 'payload')
      .default('udh8')
      .description(
        'How long texts go: in parts with an 8- or 16-bit header or SAR fields, or whole in message_payload.',
      ),
    sourceTon: joi.number().integer().min(0).max(255).description('source_addr_ton. Absent: told by the address.'),
    sourceNpi: joi.number().integer().min(0).max(255).description('source_addr_npi. Absent: told by the address.'),
  };
}

function dialectOptions() {
  return {
    defaultAlphabet: joi
      .string()
      .valid('gsm-7', 'gsm-7-packed', 'latin1', 'ascii', 'utf-8')
      .default('gsm-7')
      .description('What the SMSC means by data_coding 0.'),
    octets: joi
      .string()
      .valid('utf-8', 'latin1', 'ucs-2', 'gsm-7', 'unreadable')
      .default('utf-8')
      .description('How an SMS is read whose data_coding says that it is no text.'),
    receiptIds: joi
      .string()
      .valid('as-is', 'hex-to-decimal', 'decimal-to-hex')
      .default('as-is')
      .description('How ids in receipts differ from those in answers: `hex-to-decimal` where answers are hexadecimal.'),
    optOutErrors: joi
      .array()
      .items(joi.string().pattern(/^[\x21-\x7e]{1,32}$/))
      .default([])
      .description('Error codes in receipts which say that the recipient has opted out.'),
  };
}

/** An optional C-octet string of the protocol: ASCII of so many characters. */
function ascii(maxLength: number): StringSchema {
  return joi
    .string()
    .allow('')
    .max(maxLength)
    .pattern(/^[\x20-\x7e]*$/)
    .default('')
    .messages({ 'string.pattern.base': '{{#label}} must be ASCII' });
}

function octet(standard: number): NumberSchema {
  return joi.number().integer().min(0).max(255).default(standard);
}
