import type { Request } from 'express';
import type { ObjectSchema } from 'joi';
import { readBody } from '../body.ts';
import { readJson } from './json.ts';
import { ApiProblem, type Mistake } from './problems.ts';
import type { Call, Caller, Route } from './route.ts';
import { validate } from './validate.ts';

/** Large enough for any call of this API; a pile of forms is imported from a file. */
const MAX_BODY_BYTES = 64 * 1024;

/** A call and the bytes that its body came as. */
export interface ReadCall {
  readonly call: Call;
  readonly bytes: Buffer;
}

/**
 * Everything that a handler is given, checked. Undefined when the caller went away.
 * @throws ApiProblem with every mistake of parameters, query, headers and body at once
 */
export async function readCall(
  route: Route,
  caller: Caller,
  request: Request,
  remoteAddress: string,
): Promise<ReadCall | undefined> {
  const bytes = await readBytes(request);
  if (bytes === undefined) return undefined;
  const mistakes: Mistake[] = [];
  const part = (schema: ObjectSchema | undefined, value: unknown, name: 'params' | 'query' | 'body') => {
    const result = validate(schema, value, name);
    mistakes.push(...result.mistakes);
    return result.value;
  };
  const params = part(route.params, { ...request.params }, 'params');
  const query = part(route.query, readQuery(request, mistakes), 'query');
  const body = bytes.length === 0 && route.body === undefined ? undefined : part(route.body, parse(bytes), 'body');
  const person = readPerson(request, mistakes);
  if (mistakes.length > 0) {
    throw new ApiProblem('invalid-request', 'Nothing was done. The mistakes are listed.', { mistakes });
  }
  const { 'if-match': ifMatch, 'accept-language': acceptLanguage } = request.headers;
  return { call: { caller, params, query, body, remoteAddress, person, ifMatch, acceptLanguage }, bytes };
}

async function readBytes(request: Request): Promise<Buffer | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return Buffer.alloc(0);
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) refuseOtherTypes(request);
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === 'too-large') throw new ApiProblem('body-too-large', 'A body has at most 64 KB.');
  return body === 'gone' ? undefined : body;
}

function refuseOtherTypes(request: Request): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  const [, charset = 'utf-8'] = /;\s*charset="?([^\s";]+)/i.exec(type) ?? [];
  const isJson = /^application\/json\s*(?:;|$)/i.test(type) && charset.toLowerCase() === 'utf-8';
  if (isJson && encoding.toLowerCase() === 'identity') return;
  throw new ApiProblem('not-acceptable-body', 'Send application/json in UTF-8, not compressed.');
}

/** An empty body counts as `{}`: what is missing is then told field by field. */
function parse(bytes: Buffer): unknown {
  return bytes.length === 0 ? {} : readJson(bytes);
}

function readQuery(request: Request, mistakes: Mistake[]): Readonly<Record<string, string>> {
  const start = request.originalUrl.indexOf('?');
  const entries = start === -1 ? [] : [...new URLSearchParams(request.originalUrl.slice(start))];
  const names = entries.map(([name]) => name);
  if (new Set(names).size < names.length) mistakes.push({ path: 'query', message: 'has a parameter twice' });
  return Object.fromEntries(entries);
}

/** Letters of any script, which HTTP hands over as Latin-1: the bytes are UTF-8 all the same. */
const PERSON = /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} .,@_'’+-]{0,79}$/u;

function readPerson(request: Request, mistakes: Mistake[]): string | undefined {
  const header = request.headers['cardwake-person'];
  if (header === undefined) return undefined;
  const person = Buffer.from(String(header), 'latin1').toString('utf8').trim();
  if (PERSON.test(person)) return person;
  mistakes.push({
    path: 'headers.cardwake-person',
    message: 'must be a name of at most 80 letters, digits and spaces, in UTF-8',
  });
  return undefined;
}
