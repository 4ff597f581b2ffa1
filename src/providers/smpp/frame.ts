/** A PDU's header: length, id, status and sequence number, 4 octets each. SMPP 3.4 §3.2. */
export const HEADER_BYTES = 16;

/** The longest PDU that is read or written: a message_payload of 64 KB less what stands around it. */
export const MAX_PDU_BYTES = 64 * 1024;

/** What a chunk completed. `fault` is said once and for good: after a wrong length nobody knows where the next PDU begins. */
export interface Frames {
  /** Whole PDUs, each with its own header, in the order in which they came. */
  readonly frames: readonly Buffer[];
  /** Another one has begun, and the rest of it is still to come. */
  readonly isPartial: boolean;
  readonly fault?: string;
}

/** Cuts a stream of bytes into PDUs. */
export interface FrameReader {
  /** Takes the next chunk, of any length. After a fault nothing more is read. */
  push(chunk: Buffer): Frames;
}

/**
 * A reader at the start of a stream. A frame is never waited for whose length is below 16 or above `MAX_PDU_BYTES`: that
 * is a stream which lost its beat, or another protocol (`HTTP` reads as a length of 1,213,486,160).
 */
export function frameReader(): FrameReader {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let length: number | undefined;
  let fault: string | undefined;

  /** Takes `count` bytes off the front; there are as many. */
  function take(count: number): Buffer {
    const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    const rest = all.subarray(count);
    chunks = rest.length === 0 ? [] : [rest];
    bytes = rest.length;
    return all.subarray(0, count);
  }

  function peekLength(): number {
    const head = chunks[0] !== undefined && chunks[0].length >= 4 ? chunks[0] : Buffer.concat(chunks);
    return head.readUInt32BE(0);
  }

  return {
    push(chunk) {
      const frames: Buffer[] = [];
      if (fault === undefined && chunk.length > 0) {
        chunks.push(chunk);
        bytes += chunk.length;
      }
      while (fault === undefined && bytes >= 4) {
        length ??= peekLength();
        if (length < HEADER_BYTES || length > MAX_PDU_BYTES) fault = `command_length ${length}`;
        else if (bytes < length) break;
        else {
          frames.push(take(length));
          length = undefined;
        }
      }
      return { frames, isPartial: bytes > 0, ...(fault !== undefined && { fault }) };
    },
  };
}
