import joi, { type CustomHelpers } from 'joi';
import type { DeclaredCheck } from './check.ts';
import { inboundOptions } from './inbound-options.ts';
import { outboundOptions } from './outbound-options.ts';
import type { AnswerReading } from './outcome.ts';
import type { Proof } from './proof.ts';
import { faultAt, isEverywhere, proofOptions } from './proof-options.ts';
import type { Inbound } from './receive.ts';
import type { DeclaredRequest } from './request.ts';
import { signedFault } from './signature.ts';

/** What stands beside the common keys of a channel with `provider: http`. */
export interface HttpOptions extends Proof, Inbound {
  readonly plainHttp: boolean;
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
  readonly send: DeclaredRequest & AnswerReading;
  readonly check?: DeclaredCheck;
}

/** The whole declaration. */
export const options = joi
  .object<HttpOptions>({ ...proofOptions, ...inboundOptions, ...outboundOptions })
  .or('signatureSecret', 'webhookToken', 'webhookPassword', 'sourceAddresses')
  .and('signatureSecret', 'signature')
  .and('webhookUser', 'webhookPassword')
  .custom(checkTogether)
  .messages({ 'declared.wrong': '{#fault}' });

/** What can only be seen in several keys at once. */
function checkTogether(declared: HttpOptions, helpers: CustomHelpers) {
  const { messages, receipts, signature, send } = declared;
  const shapes = { messages, ...(receipts !== undefined && { receipts }) };
  for (const [key, { signatureOf }] of Object.entries(shapes)) {
    if (signatureOf === undefined) continue;
    const fault = signature === undefined ? 'needs signature beside it' : signedFault(signatureOf, signature.algorithm);
    if (fault !== undefined) return faultAt(helpers, [key, 'signatureOf'], fault);
  }
  if (isOnlyEverywhere(declared)) {
    return faultAt(
      helpers,
      ['sourceAddresses'],
      'is everybody, and nothing else proves a call: name the provider’s addresses',
    );
  }
  if (receipts === undefined) return declared;
  const isTold =
    messages.when !== undefined || receipts.when !== undefined || areApart(messages.content, receipts.content);
  if (!isTold) return faultAt(helpers, ['receipts'], 'needs when, or nothing tells a receipt from a message');
  return send.id !== undefined || receipts.replyId !== undefined
    ? declared
    : faultAt(helpers, ['receipts'], 'finds no reply: declare send.id, or receipts.replyId');
}

function isOnlyEverywhere({ signatureSecret, webhookToken, webhookPassword, sourceAddresses }: HttpOptions): boolean {
  return (
    [signatureSecret, webhookToken, webhookPassword].every((proof) => proof === undefined) &&
    isEverywhere(sourceAddresses)
  );
}

function areApart(one: readonly string[], other: readonly string[]): boolean {
  return !one.some((content) => other.includes(content));
}
