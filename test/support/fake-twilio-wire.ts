import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer of the API, given as it stands. */
export interface FakeAnswer {
  readonly status: number;
  /** An object is sent as JSON, a string as HTML. */
  readonly body: string | Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** True when the SMS is sent although the answer says otherwise. */
  readonly isTaken?: boolean;
}

/** An error as Twilio's API words it: `{ code, message, more_info, status }`. */
export function twilioError(status: number, code: number, headers: Readonly<Record<string, string>> = {}): FakeAnswer {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return { status, body: { code, message: `error ${code}`, more_info, status }, headers };
}

/** A message's SID that was never used: `SM` and 32 hexadecimal digits. */
export function newSid(): string {
  return `SM${randomBytes(16).toString('hex')}`;
}

/** Sends the answer. */
export function apiAnswer(response: ServerResponse, { status, body, headers }: FakeAnswer): void {
  const isHtml = typeof body === 'string';
  response.writeHead(status, { 'content-type': isHtml ? 'text/html' : 'application/json', ...headers });
  response.end(isHtml ? body : JSON.stringify(body));
}

/** The whole body of a request, as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
