import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { Database } from '../../store/database.ts';
import { claimRequest, forgetClaim, type IdempotentRequest, keepAnswer } from '../../store/idempotent-answers.ts';
import { problemAnswer } from './problem-answer.ts';
import { ApiProblem } from './problems.ts';
import type { ReadCall } from './read-call.ts';
import type { Answer } from './route.ts';

/** Visible ASCII, as RFC 9110 lets a header be; with or without the quotes of a structured field. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** What marks an answer that was given before. */
const REPLAYED_HEADER = 'idempotency-replayed';

/**
 * The call's idempotency key with what it is a key of; undefined when it has none. The person is a part of the request: what
 * one may not do another may, and nobody is told of somebody else's deed as their own.
 * @throws ApiProblem `invalid-request`
 */
export function readIdempotencyKey(request: Request, { call, bytes }: ReadCall): IdempotentRequest | undefined {
  const header = request.headers['idempotency-key'];
  if (request.method !== 'POST' || header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) {
    throw new ApiProblem('invalid-request', 'Nothing was done. The mistakes are listed.', {
      mistakes: [{ path: 'headers.idempotency-key', message: 'must be 1 to 255 visible ASCII characters' }],
    });
  }
  const person = call.person === undefined ? '' : `cardwake-person: ${call.person}\n`;
  const head = `${request.method} ${request.originalUrl}\n${person}`;
  const hash = createHash('sha256').update(head).update(bytes).digest();
  return { prefix: call.caller.prefix, idempotencyKey: header, hash };
}

/**
 * Does the work once for all requests with the key: what it answered, problems that stay included, is answered again for
 * 24 hours. Faults and "later" are not kept, so that the next try does the work.
 * @throws ApiProblem `idempotency-key-reused`, `idempotency-in-progress` and what the work throws
 */
export async function onceOnly(db: Database, request: IdempotentRequest, work: () => Promise<Answer>): Promise<Answer> {
  const claim = await claimRequest(db, request);
  switch (claim.kind) {
    case 'mine':
      return await workAndKeep(db, request, claim.token, work);
    case 'answered': {
      const { status, headers, body } = claim.answer;
      return { status, headers: { ...headers, [REPLAYED_HEADER]: 'true' }, ...(body !== null && { body }) };
    }
    case 'in-progress':
      throw new ApiProblem('idempotency-in-progress', 'Try again in a moment for the answer of the first request.', {
        headers: { 'retry-after': '1' },
      });
    case 'another-request':
      throw new ApiProblem('idempotency-key-reused', 'Use a new idempotency key for each new request.');
    default:
      return claim satisfies never;
  }
}

async function workAndKeep(
  db: Database,
  request: IdempotentRequest,
  token: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await work().catch((error: unknown) => {
      if (error instanceof ApiProblem) return problemAnswer(error);
      throw error;
    });
  } catch (error) {
    // If this fails as well, the claim is taken over after a minute.
    await forgetClaim(db, request, token).catch(() => undefined);
    throw error;
  }
  const { status, headers = {}, body = null } = answer;
  // What was done was done: that the answer could not be kept is no reason to withhold it.
  if (isFinal(status)) await keepAnswer(db, request, token, { status, headers, body }).catch(() => undefined);
  else await forgetClaim(db, request, token).catch(() => undefined);
  return answer;
}

function isFinal(status: number): boolean {
  return status < 500 && status !== 429;
}
