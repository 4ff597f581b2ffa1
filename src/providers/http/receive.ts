import { authentic, forged } from '../answers.ts';
import { isFields } from '../json.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { queryOf } from '../raw-fields.ts';
import { unreadable } from '../unreadable.ts';
import { type Content, contentOf, fieldsOf, isContent, methodOf } from './content.ts';
import { type Source, valueAt } from './place.ts';
import { doubtOf, isOutsideContent, type Proof } from './proof.ts';
import { type ReceiptPlaces, receiptIn } from './receipt.ts';
import { idIn, type SmsPlaces, smsIn } from './sms.ts';
import { type Conditions, holds } from './words.ts';

/** What messages and receipts have in common: how such a call is known, taken apart and answered. */
export interface CallShape {
  readonly content: readonly [Content, ...Content[]];
  readonly contentType?: string;
  readonly charset: string;
  readonly when?: Conditions;
  readonly batch?: string;
  /** What the signature covers here, when that is not what its recipe says. */
  readonly signatureOf?: string;
  readonly answer: Acknowledgement;
}

/** What a channel receives, as it is declared. */
export interface Inbound {
  readonly messages: CallShape & SmsPlaces;
  readonly receipts?: CallShape & ReceiptPlaces;
}

/** The methods that a declared provider calls with. */
export function methodsOf({ messages, receipts }: Inbound): readonly ('GET' | 'POST')[] {
  const contents = [...messages.content, ...(receipts?.content ?? [])];
  return [...new Set(contents.map(methodOf))];
}

type Shape =
  | ({ readonly kind: 'message' } & Inbound['messages'])
  | ({ readonly kind: 'receipt' } & NonNullable<Inbound['receipts']>);

/** A call read in one of its shapes. */
interface Reading {
  readonly shape: Shape;
  readonly content: unknown;
  /** The things that it tells; undefined when there is no list where one is declared. */
  readonly elements: readonly unknown[] | undefined;
}

/** Judges and reads a call of a declared provider's. `now` in ms since 1970. Never throws. */
export function receive(request: ProviderRequest, inbound: Inbound, proof: Proof, now: number): Reception {
  const methods: readonly string[] = methodsOf(inbound);
  if (!methods.includes(request.method)) return forged(`not a ${methods.join(' or ')}`);
  const source = { headers: request.headers, query: fieldsOf(queryOf(request.url)), content: undefined };
  const shapes = shapesOf(inbound);
  // A stranger's content is taken apart only where the proof lies in it.
  const isProvedOutside = isOutsideContent(proof) && shapes.every(({ signatureOf }) => signatureOf === undefined);
  const outside = isProvedOutside ? doubtOf(request, source, proof, now) : undefined;
  if (outside !== undefined) return forged(outside);
  const told = toldBy(readingsOf(shapes, request), source);
  const inside = told.proofs.map(({ shape, content }) =>
    isProvedOutside ? undefined : doubtOf(request, { ...source, content }, proof, now, shape?.signatureOf),
  );
  const doubt = inside.find((one) => one !== undefined);
  if (doubt !== undefined) return forged(doubt);
  const raw = request.method === 'GET' ? Buffer.from(queryOf(request.url)) : request.body;
  return authentic(told.received(raw), (told.proofs[0]?.shape ?? inbound.messages).answer);
}

/** Receipts first: they are what is told apart by something; messages may be everything else. */
function shapesOf({ messages, receipts }: Inbound): readonly Shape[] {
  const message = { kind: 'message', ...messages } as const;
  return receipts === undefined ? [message] : [{ kind: 'receipt', ...receipts }, message];
}

function kindOf(contents: readonly Content[], { method, headers }: ProviderRequest, contentType: string | undefined) {
  return contents.find((content) => isContent(content, method, headers['content-type'], contentType));
}

function readingsOf(shapes: readonly Shape[], request: ProviderRequest): readonly Reading[] {
  return shapes.flatMap((shape) => {
    const kind = kindOf(shape.content, request, shape.contentType);
    if (kind === undefined) return [];
    const content = contentOf(kind, request, shape.charset);
    return [{ shape, content, elements: elementsIn(content, shape.batch) }];
  });
}

/** Undefined when there is nothing, or nothing in the list. One element in XML is no list of one. */
function elementsIn(content: unknown, batch: string | undefined): readonly unknown[] | undefined {
  if (content === undefined) return undefined;
  const list = batch === undefined ? [content] : valueAt(content, batch);
  if (Array.isArray(list)) return list.length === 0 ? undefined : list;
  return isFields(list) ? [list] : undefined;
}

interface Told {
  /** Each reading in which the call has to be believed; the first says how it is answered. */
  readonly proofs: readonly { readonly shape?: Shape; readonly content: unknown }[];
  readonly received: (raw: Buffer) => readonly Received[];
}

/** Each element is read in the first shape that it fits, and the call has to be proved in each shape that is used. */
function toldBy(readings: readonly Reading[], source: Source): Told {
  const fits = ({ shape }: Reading, element: unknown) => holds(shape.when, { ...source, content: element });
  const main = readings.find((one) => one.elements?.some((element) => fits(one, element))) ?? readings.at(-1);
  if (main === undefined) return nothingTold({ content: undefined }, 'not of a declared content type');
  if (main.elements === undefined) return nothingTold(main, 'not the declared content, or nothing in it');
  const alike = readings.filter(({ shape, elements }) => shape.batch === main.shape.batch && elements !== undefined);
  const read = main.elements.map((element) => ({ element, reading: alike.find((one) => fits(one, element)) }));
  return {
    proofs: [...new Set([main, ...read.flatMap(({ reading }) => reading ?? [])])],
    received: (raw) =>
      read.map(({ element, reading }) => {
        // What one element lacks harms no other: an id that it lacks is made from it alone.
        const own = main.shape.batch === undefined ? raw : Buffer.from(JSON.stringify(element));
        return readElement({ ...source, content: element }, reading?.shape, own);
      }),
  };
}

function nothingTold(proof: Told['proofs'][number], reason: string): Told {
  return { proofs: [proof], received: (raw) => [unreadable(reason, raw)] };
}

function readElement(source: Source, shape: Shape | undefined, raw: Buffer): Received {
  if (shape === undefined) return unreadable('neither a message nor a receipt', raw);
  if (shape.kind === 'receipt') {
    const receipt = receiptIn(source, shape);
    return typeof receipt === 'string' ? unreadable(receipt, raw) : { kind: 'receipt', receipt };
  }
  const sms = smsIn(source, shape);
  return typeof sms === 'string' ? unreadable(sms, raw, idIn(source, shape.id)) : sms;
}
