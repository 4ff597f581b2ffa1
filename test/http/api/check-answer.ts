import assert from 'node:assert/strict';
import { problemsOf } from '../../../src/http/api/openapi.ts';
import { PROBLEMS, type ProblemCode } from '../../../src/http/api/problems.ts';
import type { Route } from '../../../src/http/api/route.ts';
import type { ApiAnswer } from '../../support/api-world.ts';

const PROBLEM_KEYS = new Set(['type', 'title', 'status', 'detail', 'code', 'mistakes', 'instance']);

/** Fails unless the answer is one that the OpenAPI document promises for the route, to the last field. */
export function checkAnswer(route: Route, { status, headers, text, body }: ApiAnswer): void {
  assert.ok(headers.has('cache-control'), 'every answer says whether it may be kept');
  if (status >= 400) {
    checkProblem(body, status, headers, problemsOf(route));
    return;
  }
  const answer = route.answers[status];
  const hasETag = route.hasETag === true;
  assert.ok(answer !== undefined || (status === 304 && hasETag), `${status} is documented`);
  assert.equal(headers.has('etag'), hasETag, 'an ETag is there where one is documented');
  if (answer?.schema === undefined) {
    assert.equal(text, '');
    return;
  }
  assert.equal(headers.get('content-type'), 'application/json');
  const { error } = answer.schema.validate(body, { convert: false, abortEarly: false });
  assert.equal(error, undefined, `${error?.message} in ${text}`);
}

/** Fails unless it is a problem document with one of the codes. */
function checkProblem(
  body: Readonly<Record<string, unknown>>,
  status: number,
  headers: Headers,
  codes: readonly ProblemCode[],
): void {
  assert.equal(headers.get('content-type'), 'application/problem+json');
  const code = body.code as ProblemCode;
  assert.ok(codes.includes(code), `${code} is documented: ${JSON.stringify(body)}`);
  assert.deepEqual([body.status, body.title], [status, PROBLEMS[code].title]);
  assert.equal(PROBLEMS[code].status, status);
  assert.equal(body.type, `/docs/problems#${code}`);
  assert.ok(typeof body.detail === 'string' && body.detail.length > 10);
  assert.deepEqual(
    Object.keys(body).filter((key) => !PROBLEM_KEYS.has(key)),
    [],
  );
}
