import type { IncomingMessage } from 'node:http';
import { type FakeAnswer, twilioError } from './fake-twilio-wire.ts';

/** Where an imagined account takes incoming SMS; by number, short code and SID. */
export interface FakeSettings {
  readonly numbers: Map<string, Readonly<Record<string, unknown>>>;
  readonly shortCodes: Map<string, Readonly<Record<string, unknown>>>;
  readonly applications: Map<string, Readonly<Record<string, unknown>>>;
  readonly services: Map<string, Readonly<Record<string, unknown>>>;
}

/** An account without any number. */
export function noSettings(): FakeSettings {
  return { numbers: new Map(), shortCodes: new Map(), applications: new Map(), services: new Map() };
}

/** A number's own settings, as they should be for a webhook. */
export function goodNumber(webhookUrl: string): Readonly<Record<string, unknown>> {
  return {
    sms_url: `${webhookUrl}#rc=5&rp=all`,
    sms_method: 'POST',
    sms_fallback_url: `${webhookUrl}?ingress=2#rc=5&rp=all`,
    sms_fallback_method: 'POST',
    sms_application_sid: '',
  };
}

/** The answer to a request for settings; undefined when it is for something else. */
export function settingsAnswer(
  settings: FakeSettings,
  account: string,
  request: IncomingMessage,
): FakeAnswer | undefined {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://fake');
  if (request.method !== 'GET') return undefined;
  const listed = (name: string, found: unknown): FakeAnswer => ({
    status: 200,
    body: { [name]: found === undefined ? [] : [found], next_page_uri: null },
  });
  if (pathname === `${account}/IncomingPhoneNumbers.json`) {
    return listed('incoming_phone_numbers', settings.numbers.get(query.get('PhoneNumber') ?? ''));
  }
  if (pathname === `${account}/SMS/ShortCodes.json`) {
    return listed('short_codes', settings.shortCodes.get(query.get('ShortCode') ?? ''));
  }
  const [, kind, sid = ''] = /\/(Applications|Services)\/(\w+)(?:\.json)?$/.exec(pathname) ?? [];
  if (kind === undefined) return undefined;
  const found = (kind === 'Services' ? settings.services : settings.applications).get(sid);
  return found === undefined ? twilioError(404, 20404) : { status: 200, body: found };
}
