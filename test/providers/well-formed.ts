import assert from 'node:assert/strict';
import { isProviderId, isReplyId, isSenderId } from '../../src/providers/ids.ts';
import type { Received } from '../../src/providers/provider.ts';
import { REPLY_STATUS_RANK } from '../../src/sms/message.ts';

/** Everything that a provider may tell the rest of Cardwake: fails on what the store or a log could not take. */
export function assertWellFormed(received: readonly Received[], about = ''): void {
  for (const one of received) {
    const problems = problemsOf(one);
    assert.deepEqual(problems, [], `${about} ${JSON.stringify(one).slice(0, 300)}`);
  }
}

function problemsOf(one: Received): readonly string[] {
  switch (one.kind) {
    case 'message':
      return [...idProblems(one.message), ...addressProblems(one.message)];
    case 'part': {
      const { total, position, reference } = one.part;
      const isPlaced = Number.isInteger(total) && Number.isInteger(position) && total >= 2 && total <= 255;
      return [
        ...idProblems(one.part),
        ...addressProblems(one.part),
        ...(isPlaced && position >= 1 && position <= total ? [] : ['place']),
        ...(isProviderId(reference) ? [] : ['reference']),
      ];
    }
    case 'receipt': {
      const { replyId, status, errorCode, isOptOut } = one.receipt;
      return [
        ...idProblems(one.receipt),
        ...(replyId === undefined || isReplyId(replyId) ? [] : ['replyId']),
        ...(errorCode === undefined || isProviderId(errorCode) ? [] : ['errorCode']),
        ...(Object.hasOwn(REPLY_STATUS_RANK, status) && typeof isOptOut === 'boolean' ? [] : ['status']),
      ];
    }
    case 'unreadable':
      return [...idProblems(one), ...(/^[^\p{Cc}]{1,200}$/u.test(one.reason) ? [] : ['reason'])];
    default:
      return one satisfies never;
  }
}

function idProblems({ providerMessageId }: { readonly providerMessageId: string }): readonly string[] {
  return isProviderId(providerMessageId) ? [] : ['providerMessageId'];
}

function addressProblems(sms: { readonly from: string; readonly to: string; readonly text: string }) {
  const isGood = isSenderId(sms.from) && isSenderId(sms.to) && typeof sms.text === 'string';
  return isGood ? [] : ['from, to or text'];
}
