import type { CallResult } from '../http-call.ts';
import { isFields, jsonFields } from '../json.ts';
import type { TwilioApi } from './api.ts';

/** What is looked at, and as whom. */
export interface WebhookCheck {
  readonly webhookUrl: string;
  readonly addresses: readonly string[];
  readonly authToken: string;
  readonly messagingServiceSid: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type Api = Pick<TwilioApi, 'listNumbers' | 'listShortCodes' | 'fetchApplication' | 'fetchMessagingService'>;

/** Where Twilio takes an incoming SMS. */
interface Target {
  readonly url: string;
  readonly method: string;
  readonly fallbackUrl: string;
  readonly fallbackMethod: string;
}

/**
 * What would lose SMS in where Twilio is told to take those that come in for our addresses, each with what to do; asked of
 * Twilio, and nothing is changed. A messaging service goes before its numbers unless it says otherwise, and an application
 * before its number's own URLs.
 * https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
 * https://www.twilio.com/docs/messaging/api/service-resource
 */
export async function webhookWarnings(api: Api, check: WebhookCheck): Promise<string[]> {
  const { messagingServiceSid: sid, authToken, addresses, webhookUrl } = check;
  const warnings: string[] = [];
  if (sid !== undefined) {
    const service = readOne(await api.fetchMessagingService(sid, authToken));
    if (typeof service === 'string')
      return [`The messaging service could not be read (${service}): look at it yourself.`];
    if (service.use_inbound_webhook_on_number !== true) {
      return faultsOf(targetOf(service, 'inbound_request_url', 'inbound_method', 'fallback_url', 'fallback_method'), {
        whose: 'the messaging service',
        webhookUrl,
      });
    }
  }
  for (const address of addresses) warnings.push(...(await numberWarnings(api, check, address)));
  return warnings;
}

async function numberWarnings(api: Api, { authToken, webhookUrl }: WebhookCheck, address: string): Promise<string[]> {
  const isLong = address.startsWith('+');
  const list = isLong ? await api.listNumbers(address, authToken) : await api.listShortCodes(address, authToken);
  const number = readFirst(list, isLong ? 'incoming_phone_numbers' : 'short_codes');
  if (typeof number === 'string')
    return [`The settings of ${address} could not be read (${number}): look at them yourself.`];
  if (number === undefined) {
    return [
      `${address} is not in this account: its SMS do not come here, and no reply can be sent from it. Take it out of addresses, or name the account that has it.`,
    ];
  }
  const { sms_application_sid: sid } = number;
  const application =
    typeof sid === 'string' && sid !== '' ? readOne(await api.fetchApplication(sid, authToken)) : number;
  if (typeof application === 'string') {
    return [
      `The application that takes the SMS of ${address} could not be read (${application}): look at it yourself.`,
    ];
  }
  const target = targetOf(application, 'sms_url', 'sms_method', 'sms_fallback_url', 'sms_fallback_method');
  return faultsOf(target, { whose: application === number ? address : `the application of ${address}`, webhookUrl });
}

/** The fields, or why there are none. */
function readOne(result: CallResult): Fields | string {
  if (result.kind !== 'answered') return result.code;
  return result.status === 200 ? jsonFields(result.body) : `http-${result.status}`;
}

function readFirst(result: CallResult, name: string): Fields | string | undefined {
  const fields = readOne(result);
  if (typeof fields === 'string') return fields;
  const list: unknown = fields[name];
  if (!Array.isArray(list)) return 'unreadable';
  const [first]: unknown[] = list;
  return first === undefined ? undefined : isFields(first) ? first : 'unreadable';
}

function targetOf(fields: Fields, ...names: readonly [string, string, string, string]): Target {
  const [url = '', method = '', fallbackUrl = '', fallbackMethod = ''] = names.map((name) => {
    const value = fields[name];
    return typeof value === 'string' ? value : '';
  });
  return { url, method, fallbackUrl, fallbackMethod };
}

/** How often a call is repeated, and after which answers: for Twilio alone, behind the `#`. */
const RETRIES = '#rc=5&rp=all';

interface Whose {
  readonly whose: string;
  readonly webhookUrl: string;
}

function faultsOf({ url, method, fallbackUrl, fallbackMethod }: Target, { whose, webhookUrl }: Whose): string[] {
  const set = `Set “A message comes in” to ${webhookUrl}${RETRIES}, HTTP POST.`;
  if (url === '') return [`SMS to ${whose} go nowhere: no URL is set. ${set}`];
  if (placeOf(url) !== webhookUrl) return [`SMS to ${whose} go to another address (${placeOf(url)}). ${set}`];
  const backup = `${webhookUrl}?ingress=2${RETRIES}`;
  const faults: string[] = [];
  if (isGet(method)) faults.push(`SMS to ${whose} come by GET, which is refused. ${set}`);
  if (!isRepeated(url))
    faults.push(`SMS to ${whose} are lost while we answer 503: Twilio does not repeat them. ${set}`);
  if (fallbackUrl === '') {
    faults.push(
      `SMS to ${whose} are lost while the ingress is down: no fallback is set. Set “Primary handler fails” to ${backup}, HTTP POST, and lead it to a second ingress.`,
    );
  } else if (isGet(fallbackMethod)) {
    faults.push(`The fallback of ${whose} is called by GET, which is refused. Set it to HTTP POST.`);
  }
  return faults;
}

/** Without the query, which does no harm and may hold a secret, and without what is for Twilio alone. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'not a URL';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** POST is what Twilio takes where nothing is said. */
function isGet(method: string): boolean {
  return method.toUpperCase() === 'GET';
}

/** https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: without `rp` only after no connection. */
function isRepeated(url: string): boolean {
  const overrides = new URLSearchParams(new URL(url).hash.slice(1));
  const after = (overrides.get('rp') ?? '').split(',');
  return (after.includes('all') || after.includes('5xx')) && overrides.get('rc') !== '0';
}
