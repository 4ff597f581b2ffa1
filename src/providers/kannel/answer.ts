import { type Answered, outcomeOfCall } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import type { SendOutcome } from '../provider.ts';

/**
 * The id of a message at Kannel. It answers none, and the `%I` of its receipts is another one in each, so it is made of
 * our reply's.
 */
export function idOfReply(replyId: string): string {
  return `reply-${replyId}`;
}

/** Taken: `0` at once, `3` for later, when no SMSC is connected. */
const TAKEN = /^[03]: /;

type Refusal = Extract<SendOutcome, { kind: 'transient' | 'rejected' }>;

/**
 * What Kannel does not take, by its words. All are said before the message is handed on (gw/smsbox.c: smsbox_req_handle,
 * and for `Not routable` the bearerbox's refusal), and nothing of ours is repeated in a code.
 */
const REFUSALS: readonly (readonly [words: RegExp, Refusal])[] = [
  [/^Authorization failed/, { kind: 'transient', code: 'authorization', cause: 'account' }],
  [/^Not routable/, { kind: 'rejected', code: 'not-routable', isOptOut: false, isOfRoute: true }],
  [
    /denied by white- and\/or black-lists/,
    { kind: 'rejected', code: 'denied-by-list', isOptOut: false, isOfRoute: true },
  ],
  [/^Sender missing/, { kind: 'rejected', code: 'no-sender', isOptOut: false, isOfRoute: true }],
  [/rejected\s*$/, { kind: 'rejected', code: 'misformed', isOptOut: false }],
];

/**
 * What Kannel's answer to a submission means. 503 is Kannel's `Temporal failure, try again later.`; 4xx in other words
 * than Kannel's are of something that stands before it.
 */
export function readAnswer(result: CallResult, replyId: string): SendOutcome {
  return outcomeOfCall(result, (answer) => readStatus(answer, replyId));
}

function readStatus({ status, body }: Answered, replyId: string): SendOutcome {
  const words = body.toString();
  if (status >= 200 && status < 300 && TAKEN.test(words)) {
    return { kind: 'accepted', providerMessageId: idOfReply(replyId) };
  }
  const code = `http-${status}`;
  if (status === 503) return { kind: 'transient', code };
  if (status < 400 || status >= 500) return { kind: 'unknown', code };
  const [, refusal] = REFUSALS.find(([pattern]) => pattern.test(words)) ?? [];
  return refusal ?? { kind: 'transient', code };
}
