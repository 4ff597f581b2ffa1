import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import type { SendOutcome } from '../provider.ts';

type Refusal = Extract<SendOutcome, { kind: 'transient' | 'rejected' }> | 'throttled';

/**
 * What Jasmin refuses, by its words; all of it before the message is queued (jasmin/protocols/http/endpoints/send.py).
 * `transient` passes when somebody repairs the user, its money or a connector.
 */
const REFUSALS: readonly (readonly [words: RegExp, Refusal])[] = [
  [/User throughput exceeded/, 'throttled'],
  [/Authentication failure/, { kind: 'transient', code: 'authentication', cause: 'account' }],
  [/Authorization failed/, { kind: 'transient', code: 'authorization', cause: 'account' }],
  [/Cannot charge submit_sm/, { kind: 'transient', code: 'charging', cause: 'account' }],
  [/no bound connectors/, { kind: 'transient', code: 'no-bound-connector' }],
  [/Cannot send submit_sm/, { kind: 'transient', code: 'no-connector' }],
  [/InterceptorPB not/, { kind: 'transient', code: 'interceptor' }],
  [/No route found/, { kind: 'rejected', code: 'no-route', isOptOut: false, isOfRoute: true }],
  [/Value filter failed/, { kind: 'rejected', code: 'value-filter', isOptOut: false, isOfRoute: true }],
  [/[Ii]ntercept/, { kind: 'rejected', code: 'interceptor', isOptOut: false }],
  [/argument/i, { kind: 'rejected', code: 'argument', isOptOut: false }],
];

/**
 * What Jasmin's answer to a submission means, `now` in ms since 1970. Jasmin says `Error "…"` with each refusal: an
 * answer without it is of something that stands before Jasmin, and a 500 with other words may have come after the message
 * was queued.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

function readSuccess({ status, body }: Answered): SendOutcome {
  const [, id] = /^Success "([^"]*)"\s*$/.exec(body.toString()) ?? [];
  return status < 300 && isProviderId(id)
    ? { kind: 'accepted', providerMessageId: id }
    : { kind: 'unknown', code: `http-${status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const [, words] = /^Error "(.*)"\s*$/s.exec(answer.body.toString()) ?? [];
  const [, refusal] = REFUSALS.find(([known]) => words !== undefined && known.test(words)) ?? [];
  if (refusal === 'throttled') return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  return refusal ?? { kind: status === 503 || status < 500 ? 'transient' : 'unknown', code: `http-${status}` };
}
