import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler } from 'express';
import type { Logger } from '../../log.ts';
import { isDatabaseAway } from '../../store/database.ts';
import { ApiProblem, type Mistake, PROBLEMS, type ProblemCode } from './problems.ts';
import type { Answer } from './route.ts';
import { sendAnswer } from './send-answer.ts';

/** An RFC 9457 problem document. */
export interface ProblemDocument {
  /** Relative to the API: the paragraph of the documentation page about this code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly mistakes?: readonly Mistake[];
  /** Of a fault of ours: what the log calls it. */
  readonly instance?: string;
}

/** Where a code is explained; the `type` of its problem documents. */
export function problemType(code: ProblemCode): string {
  return `/docs/problems#${code}`;
}

/** The answer that tells a problem. */
export function problemAnswer(problem: ApiProblem, instance?: string): Answer {
  const { status, title } = PROBLEMS[problem.code];
  const body: ProblemDocument = {
    type: problemType(problem.code),
    title,
    status,
    detail: problem.message,
    code: problem.code,
    ...(problem.mistakes.length > 0 && { mistakes: problem.mistakes }),
    ...(instance !== undefined && { instance }),
  };
  return { status, body, headers: { ...problem.headers, 'content-type': 'application/problem+json' } };
}

/**
 * The last handler of the API: every error becomes a problem document. What nobody expected is logged with an id, which
 * the answer names and nothing else.
 */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      log.error({ error }, 'A call of the API failed within its answer');
      response.destroy();
      return;
    }
    const expected = asProblem(error);
    if (expected !== undefined) return sendAnswer(request, response, problemAnswer(expected));
    const faultId = randomUUID();
    log.error({ faultId, error }, 'A call of the API failed');
    if (isDatabaseAway(error))
      return sendAnswer(request, response, problemAnswer(unavailable(), `urn:uuid:${faultId}`));
    const fault = new ApiProblem('internal', 'Something went wrong on our side; it was logged.');
    sendAnswer(request, response, problemAnswer(fault, `urn:uuid:${faultId}`));
  };
}

/** To be tried again: the database does not answer. */
export function unavailable(): ApiProblem {
  const headers = { 'retry-after': '2' };
  return new ApiProblem('unavailable', 'The database does not answer. Try again in a moment.', { headers });
}

function asProblem(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  // What express throws for a path with broken percent signs.
  if (!(error instanceof URIError) && (error as { status?: unknown } | undefined)?.status !== 400) return undefined;
  return new ApiProblem('invalid-request', 'The path cannot be read.', {
    mistakes: [{ path: 'params', message: 'is not percent-encoded UTF-8' }],
  });
}
