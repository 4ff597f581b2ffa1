import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { SendOutcome, TransientCause } from '../provider.ts';

type Meaning =
  | { readonly kind: 'transient'; readonly cause?: TransientCause }
  | { readonly kind: 'rejected'; readonly isOptOut: boolean; readonly isOfRoute?: true }
  | { readonly kind: 'unknown' };

const UNKNOWN: Meaning = { kind: 'unknown' };
const REJECTED: Meaning = { kind: 'rejected', isOptOut: false };
const OF_ROUTE: Meaning = { kind: 'rejected', isOptOut: false, isOfRoute: true };

/**
 * What a recipient's status means, by its word; the codes are 401 to 409 and 500 to 502. A held message (RiskHold) may be
 * let go, and an error may have come after the message was taken. Who asked not to be disturbed is not asked over another
 * channel.
 * https://developers.africastalking.com/docs/sms/sending/bulk
 */
const REFUSALS = {
  RiskHold: UNKNOWN,
  InvalidSenderId: OF_ROUTE,
  InvalidPhoneNumber: REJECTED,
  UnsupportedNumberType: REJECTED,
  InsufficientBalance: { kind: 'transient', cause: 'account' },
  UserInBlacklist: { kind: 'rejected', isOptOut: true },
  CouldNotRoute: OF_ROUTE,
  DoNotDisturbRejection: REJECTED,
  InternalServerError: UNKNOWN,
  GatewayError: UNKNOWN,
  RejectedByGateway: { kind: 'transient' },
} as const satisfies Record<string, Meaning>;

type Refusal = keyof typeof REFUSALS;

const WORD_OF_CODE: Readonly<Record<number, Refusal>> = {
  401: 'RiskHold',
  402: 'InvalidSenderId',
  403: 'InvalidPhoneNumber',
  404: 'UnsupportedNumberType',
  405: 'InsufficientBalance',
  406: 'UserInBlacklist',
  407: 'CouldNotRoute',
  409: 'DoNotDisturbRejection',
  500: 'InternalServerError',
  501: 'GatewayError',
  502: 'RejectedByGateway',
};

/** Processed, Sent, Queued. */
const ACCEPTED_CODES: ReadonlySet<unknown> = new Set([100, 101, 102]);

/**
 * What the answer to a send means, `now` in ms since 1970. The fate of the message stands in the body, whatever the
 * status; without a readable body only 401, 403 and other 4xx say that it was not taken: a proxy says 503 also when it lost
 * sight of the request. What 429 means is taken from HTTP itself: Africa's Talking does not document it.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => readBody(answer) ?? readStatus(answer, now));
}

/** The fate of our one recipient; without any, `Message` says why. */
function readBody({ body, status }: Answered): SendOutcome | undefined {
  const { SMSMessageData: data } = jsonFields(body);
  if (!isFields(data)) return undefined;
  const recipients: unknown = data.Recipients;
  const recipient: unknown = Array.isArray(recipients) ? recipients[0] : undefined;
  if (!isFields(recipient)) return isRefusal(data.Message) ? refused(data.Message) : undefined;
  const { statusCode, status: word, messageId } = recipient;
  if (ACCEPTED_CODES.has(statusCode)) {
    return status < 300 && isProviderId(messageId) && messageId !== 'None'
      ? { kind: 'accepted', providerMessageId: messageId }
      : { kind: 'unknown', code: `${String(statusCode)}-http-${status}` };
  }
  const known = WORD_OF_CODE[Number(statusCode)] ?? word;
  return isRefusal(known) ? refused(known) : undefined;
}

function refused(word: Refusal): SendOutcome {
  return { ...REFUSALS[word], code: word };
}

function readStatus(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const code = `http-${status}`;
  if (status === 401) return { kind: 'transient', code, cause: 'account' };
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  return { kind: status >= 400 && status < 500 ? 'transient' : 'unknown', code };
}

function isRefusal(word: unknown): word is Refusal {
  return typeof word === 'string' && Object.hasOwn(REFUSALS, word);
}
