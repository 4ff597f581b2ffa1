import type { IncomingMessage } from 'node:http';

/**
 * Reads a body as it came over the wire, at most `maxBytes`. It says `too-large` as soon as that is known, whereas
 * body-parser first reads a hostile gigabyte to its end; the rest is then still unread. `gone`: the caller left.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: Buffer | 'too-large' | 'gone') => {
      request.removeListener('data', keepChunk);
      resolve(result);
    };
    const keepChunk = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) settle('too-large');
      else chunks.push(chunk);
    };
    request.on('data', keepChunk);
    request.once('end', () => settle(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes)));
    // Comes after an error as well, and after the end, when all is settled.
    request.once('close', () => settle('gone'));
  });
}
