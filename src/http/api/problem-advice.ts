import { PROBLEMS, type ProblemCode } from './problems.ts';

/** What each problem means and what a caller does about it; Markdown with nothing but `code`. */
export const PROBLEM_ADVICE = {
  'invalid-request':
    'Something in the path, the query, a header or the body is missing, unknown or in the wrong form. `mistakes` lists every one by its path; correct them all and send the request again. Nothing was done.',
  unauthenticated:
    'The `Authorization` header is missing, or its key does not exist, was revoked, has expired or belongs to a programme that is gone. Send `Authorization: Bearer <key>`; an operator makes a new one with `cardwake keys create`. More than 20 such calls a minute from one address are answered with `rate-limited`.',
  forbidden:
    'The key is valid but has none of the scopes that the operation asks for, or a web page called whose origin the programme does not list. `WWW-Authenticate` names the scopes. Use another key; sending it again does not help.',
  'not-found':
    'The path does not exist, or the thing does not exist in the programme of the key. A key never learns what other programmes have.',
  'method-not-allowed': 'The path exists, the method does not. `Allow` lists the methods.',
  'not-acceptable-body':
    'A body has to be `application/json` in UTF-8 and not compressed. Set the `Content-Type` header.',
  'body-too-large': 'A body has at most 64 KB. Piles of forms are imported with `cardwake questionnaires import`.',
  'idempotency-key-reused':
    'The same `Idempotency-Key` came within 24 hours with another path, body or `Cardwake-Person`. Make a new key for each new request, and repeat a request byte by byte.',
  'idempotency-in-progress':
    'The first request with this `Idempotency-Key` has not been answered yet. Wait as long as `Retry-After` says and repeat the request: it is answered as the first one was. If the first one died, the next is taken in its place after a minute.',
  'unknown-card': 'The number is well-formed and the registry of the programme has no such card. Check the digits.',
  'card-blocked': 'The card is blocked, or another card replaced it. Give the customer another card, or ask support.',
  'card-awaiting-check':
    'The card was entered at a till and an operator has not decided yet. It earns meanwhile. Wait for the decision.',
  'card-has-another-phone':
    'The card is bound to another phone. Whose it is, is never told. The holder can release it by SMS, or an operator decides.',
  'card-not-accepted':
    'On the website of a programme with `replyMode: uniform`: the card is unknown, blocked, awaits its check or belongs to another phone. Which of them, is not told: everybody can read the website’s key, and could look for cards with it. Check the digits, or ask support.',
  'phone-has-another-card':
    'The phone is bound to another card. The customer can switch by texting the new number, or an operator decides.',
  'member-differs':
    'The phone has a member already, and what is known of them differs from what was sent. Nothing was changed. Read the member and decide which is right; a correction is a PATCH of the member.',
  'unsupported-phone':
    'This is no mobile phone of a country that the programme takes. Check the number; write it with its country code.',
  'unsupported-card':
    'The number has not the form of any card of the programme: its length, its beginning or its check digit is wrong. It was mistyped or misread, or it is the card of somebody else.',
  'wrong-code': 'The code is not the one that was texted. There are five tries; then ask for a new code.',
  'code-expired':
    'The code is too old, was tried too often or was used. Ask for a new one, or begin again when that is not possible.',
  'too-many-codes':
    'No further code is texted now: the last one was sent less than a minute ago, or a limit per phone, address or day is reached. `Retry-After` says how long to wait where that is known.',
  'already-decided': 'Somebody has approved, rejected or confirmed it before. Read it to see how it ended.',
  'own-entry':
    'Who entered a card at the till may not approve it. Another person has to, named in `Cardwake-Person`; where the entry names nobody, with another key.',
  'way-closed':
    'The programme does not take customers in this way. `ways` in its configuration lists those that are open.',
  stale:
    'The thing was changed after you read it. Read it again, make your change to what it is now, and send that with its new ETag.',
  'rate-limited':
    'The key, one address with the key of a website, or the address of calls without a valid key made more calls in a minute than are allowed. `RateLimit-Policy` tells the limit, `Retry-After` when to go on.',
  unavailable:
    'The database does not answer or is not prepared yet. Nothing is known about what was done: repeat the request after `Retry-After`, a POST with the same `Idempotency-Key`.',
  internal:
    'A fault of Cardwake. It was logged under the id in `instance`: tell it to whoever runs the service. A POST with an `Idempotency-Key` may be repeated.',
} as const satisfies Record<ProblemCode, string>;

/** `docs/problems.md`. */
export function problemsDocument(): string {
  return `${[
    '# Problems that the API answers',
    '<!-- Made by `npx cardwake openapi --problems`; do not edit by hand. -->',
    INTRODUCTION,
    ...codes().map(({ code, status, title, advice }) => `## ${code}\n\n**${status}. ${title}.** ${advice}`),
  ].join('\n\n')}\n`;
}

/** Every code with what is to be said about it, in the order of `PROBLEMS`. */
export function codes() {
  return (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => ({
    code,
    ...PROBLEMS[code],
    advice: PROBLEM_ADVICE[code],
  }));
}

const INTRODUCTION = `Every error is an RFC 9457 problem document, \`application/problem+json\`. Programs look at \`code\`, which stays as it
is; \`title\` and \`detail\` are for people and may change. \`type\` leads to the paragraph below, on \`/docs/problems\` of the
service itself. No problem document holds a customer's number or name.

Repeat a request only after 429 and 503, and after a lost connection; a POST with the same \`Idempotency-Key\`, so that it
is done once.`;
