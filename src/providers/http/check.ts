import type { HttpCaller } from '../http-call.ts';
import type { CredentialCheck } from '../provider.ts';
import { type AnswerReading, fits, sourceOf } from './outcome.ts';
import { type DeclaredRequest, requestOf } from './request.ts';
import type { Conditions } from './words.ts';

/** A request that changes nothing, and what its answer has to be when the credentials are right. */
export interface DeclaredCheck extends DeclaredRequest {
  readonly answer: AnswerReading['answer'];
  readonly when?: Conditions;
}

/** Makes the declared call; without one nothing is proved, which is a warning. */
export async function checkWith(http: HttpCaller, declared: DeclaredCheck | undefined): Promise<CredentialCheck> {
  if (declared === undefined) return { kind: 'ok', warnings: [NOTHING_DECLARED] };
  const result = await http.call(requestOf(declared, {}));
  if (result.kind !== 'answered') {
    return {
      kind: 'failed',
      advice: `The API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`,
    };
  }
  const { status } = result;
  if (!fits({ status: ['2xx'] }, status, sourceOf(result, declared.answer))) {
    return {
      kind: 'failed',
      advice: `The API answered ${status} to the request of check: look at its credentials and its path.`,
    };
  }
  if (fits({ when: declared.when }, status, sourceOf(result, declared.answer))) return { kind: 'ok' };
  return {
    kind: 'failed',
    advice: `The API answered ${status} to the request of check, but not what check.when asks for: look at the credentials.`,
  };
}

const NOTHING_DECLARED =
  'Nothing has proved the credentials: declare check, a request that changes nothing, such as one for the balance.';
